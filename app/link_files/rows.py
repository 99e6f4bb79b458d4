"""Rows of links, read from CSV and JSON as people, spreadsheets and programs write them.

Rule 1: in CSV and in JSON lines a line is a row: no value of a link holds a line break, so a quote
        that isn't closed on its line is a mistake there, and the lines after it are read all the
        same.
Rule 2: each row that is not blank is yielded once, as a link or as what is wrong with it.
Rule 3: columns that links don't have are told of once, and read over.
"""

import csv
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader, BytesIO, TextIOWrapper
from typing import Any

import orjson

from app.link_files.encoding import UnreadableFile, complaint, numbered, open_text
from app.link_import import Row
from app.link_options import InvalidLink
from app.link_plain import NAMES, NewLink, from_plain, is_known

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
#: A cell that a spreadsheet would take for a formula, kept from it by an apostrophe.
_NEUTRALISED = re.compile(r"\A'(?='*[=+\-@])")
_BETWEEN = re.compile(r"[\s,]*")

Line = tuple[int, str]
OnUnknown = Callable[[str], None]


def read_rows(
    file: BufferedReader | BytesIO, *, on_unknown: OnUnknown = lambda _: None, encoding: str = ""
) -> Iterator[Row]:
    """Yield the links of a file: a JSON array, JSON lines, or CSV.

    Args:
        file: opened for reading, and at its end closed.
        on_unknown: told each column once that links don't have.
        encoding: see :func:`app.link_files.encoding.open_text`.

    Raises:
        UnreadableFile: it is no such file, or its first line doesn't name the columns.
    """
    with open_text(file, encoding) as text, _told_of(text):
        lines = numbered(text)
        first = next(lines, None)
        if first is None:
            return
        names = _Names(on_unknown)
        start = first[1].lstrip()[:1]
        if start == "[":
            yield from _read_array(first, text, names)
        elif start == "{":
            yield from (Row(number, _parse(line, names)) for number, line in _chain(first, lines))
        else:
            yield from _read_csv(first, lines, names)


@contextmanager
def _told_of(text: TextIOWrapper) -> Iterator[None]:
    """Say of a file that it is in no such encoding, or cut off within a character."""
    try:
        yield
    except UnicodeError as error:
        raise UnreadableFile(f"it can't be read as {text.encoding}: {error}") from None


class _Names:
    """Tells the names of links from others, which it reports once each."""

    def __init__(self, on_unknown: OnUnknown) -> None:
        self._on_unknown = on_unknown
        self._told: set[str] = set()

    def of(self, raw: str) -> str | None:
        """Return the name that a column or key stands for, None for what links don't have."""
        name = "_".join(raw.strip().casefold().replace("-", " ").split())
        if is_known(name):
            return name
        if raw not in self._told and raw.strip():
            self._told.add(raw)
            self._on_unknown(raw.strip())
        return None


def _chain(first: Line, lines: Iterator[Line]) -> Iterator[Line]:
    return itertools.chain([first], lines)


def _parse(line: str, names: _Names) -> NewLink | InvalidLink:
    if fault := complaint(line):
        return InvalidLink("line", fault)
    try:
        return _from_json(orjson.loads(line), names)
    except ValueError as error:
        return InvalidLink("line", f"it is no JSON: {error}")


def _from_json(plain: object, names: _Names) -> NewLink | InvalidLink:
    if not isinstance(plain, dict):
        return InvalidLink("line", "it is no JSON object")
    named = [(names.of(name), value) for name, value in plain.items()]
    if twice := _twice([name for name, _ in named]):
        return InvalidLink("line", f"it names {twice!r} twice")
    return _from_plain(dict(named))


def _twice(names: Sequence[str | None]) -> str:
    """Return a name that stands there more than once, '' if there is none."""
    known = [name for name in names if name is not None]
    return next((name for name in known if known.count(name) > 1), "")


def _from_plain(plain: dict[str | None, Any]) -> NewLink | InvalidLink:
    plain.pop(None, None)
    try:
        return from_plain({str(name): value for name, value in plain.items()})
    except InvalidLink as error:
        return error


def _read_array(first: Line, text: Any, names: _Names) -> Iterator[Row]:
    """Yield an array's elements under the line on which each begins.

    After one that can't be read it goes on with the next line that begins an object.
    """
    whole = "\n" * (first[0] - 1) + first[1] + text.read()
    decode = json.JSONDecoder().raw_decode
    place = whole.index("[") + 1
    line = _Lines(whole)
    while (place := _skip(whole, place)) < len(whole) and whole[place] != "]":
        number = line.number(place)
        try:
            element, place = decode(whole, place)
        except (ValueError, RecursionError) as error:
            yield Row(number, InvalidLink("line", f"it is no JSON: {error}"))
            place = _next_object(whole, place)
        else:
            fault = complaint(json.dumps(element, ensure_ascii=False))
            row = InvalidLink("line", fault) if fault else _from_json(element, names)
            yield Row(number, row)


def _skip(whole: str, place: int) -> int:
    found = _BETWEEN.match(whole, place)
    return found.end() if found else place


def _next_object(whole: str, place: int) -> int:
    found = re.compile(r"\n\s*(?=\{)").search(whole, place)
    return found.end() if found else len(whole)


class _Lines:
    """Numbers of lines by places in a text, which are asked for in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._number = 1
        self._place = 0

    def number(self, place: int) -> int:
        self._number += self._text.count("\n", self._place, place)
        self._place = place
        return self._number


def _read_csv(first: Line, lines: Iterator[Line], names: _Names) -> Iterator[Row]:
    separator = _SEPARATOR_LINE.fullmatch(first[1])
    header = next(lines, (0, "")) if separator else first
    delimiters = separator[1] if separator else _DELIMITERS
    delimiter, columns = _columns(header[1], delimiters, names)
    for number, line in lines:
        cells = _cells(line, delimiter)
        if isinstance(cells, InvalidLink):
            yield Row(number, cells)
        elif any(cells):
            yield Row(number, _from_cells(columns, cells))


def _columns(line: str, delimiters: str, names: _Names) -> tuple[str, Sequence[str | None]]:
    """Return what stands between the cells, and the names of the columns."""
    for delimiter in delimiters:
        cells = _cells(line, delimiter)
        if isinstance(cells, list) and "target" in map(_Names(lambda _: None).of, cells):
            columns = [names.of(cell) for cell in cells]
            if twice := _twice(columns):
                raise UnreadableFile(f"its first line names {twice!r} twice")
            return delimiter, columns
    raise UnreadableFile(
        f"the first line must name the columns: target and any of {', '.join(NAMES)}"
    )


def _cells(line: str, delimiter: str) -> list[str] | InvalidLink:
    if fault := complaint(line):
        return InvalidLink("line", fault)
    # A reader takes a blank before a quote, but not one behind it.
    line = re.sub(rf'"[^\S{re.escape(delimiter)}]+(?={re.escape(delimiter)}|$)', '"', line)
    try:
        [cells] = csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True)
    except csv.Error as error:
        end = "unexpected end" in str(error)
        return InvalidLink("line", "a quote is not closed on it" if end else f"no CSV: {error}")
    return [_NEUTRALISED.sub("", cell.strip(), count=1) for cell in cells]


def _from_cells(columns: Sequence[str | None], cells: list[str]) -> NewLink | InvalidLink:
    if any(cells[len(columns) :]):
        return InvalidLink("line", "it has more cells than the first line names columns")
    given: Mapping[str | None, Any] = dict(zip(columns, cells, strict=False))
    return _from_plain(dict(given))
