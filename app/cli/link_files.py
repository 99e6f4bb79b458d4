"""Files of links: CSV or JSON lines, each line a link under the names of its plain form."""

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TextIO

import orjson

from app.cli.output import Failure
from app.link_import import Row
from app.link_options import InvalidLink
from app.link_plain import NAMES, NewLink, from_plain, to_plain
from app.links import Link

Format = Literal["csv", "jsonl"]


def read_rows(file: TextIO) -> Iterator[Row]:
    """Yield the links of a file: JSON lines if it starts with a brace, else CSV.

    Args:
        file: opened with ``newline=""``, and with bad bytes kept as surrogates, which no option
            of a link accepts.

    Raises:
        Failure: when the first line doesn't name the columns of a CSV file.
    """
    first = next(file, "").removeprefix("\ufeff")
    if not first:
        return iter(())
    lines = itertools.chain([first], file)
    return _read_json(lines) if first.lstrip().startswith("{") else _read_csv(lines)


def write_links(file: TextIO, links: Iterable[Link], form: Format) -> None:
    """Write the links so that :func:`read_rows` reads them back."""
    if form == "jsonl":
        file.writelines(f"{orjson.dumps(to_plain(link)).decode()}\n" for link in links)
        return
    writer = csv.DictWriter(file, NAMES, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_flat, links))


def _flat(link: Link) -> dict[str, object]:
    plain = to_plain(link)
    flags = {name: str(value).lower() for name, value in plain.items() if isinstance(value, bool)}
    return {**plain, **flags, "tags": ",".join(link.tags)}


def _read_json(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield Row(number, _parse(line))


def _parse(line: str) -> NewLink | InvalidLink:
    try:
        plain = orjson.loads(line)
        if not isinstance(plain, dict):
            return InvalidLink("line", "it is no JSON object")
        return from_plain(plain)
    except InvalidLink as error:
        return error
    except ValueError as error:
        return InvalidLink("line", f"it is no JSON: {error}")


def _read_csv(lines: Iterable[str]) -> Iterator[Row]:
    reader = csv.DictReader(lines, strict=True)
    _require_target(reader)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = reader.reader.line_num  # the outer one still names the row before
            yield Row(line, InvalidLink("line", f"it is no CSV: {error}"))
        else:
            yield Row(reader.line_num, _from_cells(cells))


def _require_target(reader: "csv.DictReader[str]") -> None:
    try:
        columns = reader.fieldnames or ()
    except csv.Error:
        columns = ()
    if "target" not in columns:
        raise Failure(f"the first line must name the columns: target and any of {', '.join(NAMES)}")


def _from_cells(cells: Mapping[Any, object]) -> NewLink | InvalidLink:
    if None in cells:
        return InvalidLink("line", "it has more cells than the first line names columns")
    try:
        return from_plain(cells)
    except InvalidLink as error:
        return error
