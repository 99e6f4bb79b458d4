"""Exports of links, which :mod:`app.link_files.rows` reads back."""

import csv
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TextIO

import orjson

from app.link_plain import NAMES, to_plain
from app.links import Link

Format = Literal["csv", "jsonl"]

#: What a spreadsheet takes for a formula (OWASP, CSV injection), and what looks like one that was
#: kept from it, of which a reader takes an apostrophe away.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LIKE_NEUTRAL = re.compile(r"'+[=+\-@]")


def write_links(
    file: TextIO, links: Iterable[Link], form: Format, *, neutralise: bool = False
) -> None:
    """Write links, one a line.

    Args:
        neutralise: put an apostrophe before cells that a spreadsheet would run as a formula.
    """
    if form == "jsonl":
        file.writelines(f"{orjson.dumps(to_plain(link)).decode()}\n" for link in links)
        return
    writer = csv.DictWriter(file, NAMES, lineterminator="\n")
    writer.writeheader()
    guarded = _FORMULA if neutralise else _LIKE_NEUTRAL
    writer.writerows(_guarded(_flat(link), guarded) for link in links)


@contextmanager
def replacing(file: Path) -> Iterator[TextIO]:
    """Open a file that takes its name only once it is whole, so that no backup is half a one.

    It keeps the mode of the one that it replaces. A symbolic link stays, and what it leads to is
    replaced. What is no plain file, such as a pipe or a device, is written to as it is.

    Raises:
        OSError: it can't be written; then it is as it was.
    """
    place = Path(os.path.realpath(file))
    mode = _mode(file)
    if mode is not None and not stat.S_ISREG(mode):
        with file.open("w", encoding="utf-8", newline="") as text:
            yield text
        return
    part = place.with_name(f"{place.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as text:
            if mode is not None:
                os.fchmod(text.fileno(), stat.S_IMODE(mode))
            yield text
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _mode(file: Path) -> int | None:
    with suppress(FileNotFoundError):
        return file.stat().st_mode
    return None


def _flat(link: Link) -> dict[str, object]:
    plain = to_plain(link)
    flags = {name: str(value).lower() for name, value in plain.items() if isinstance(value, bool)}
    return {**plain, **flags, "tags": ",".join(link.tags)}


def _guarded(cells: dict[str, object], what: re.Pattern[str]) -> dict[str, object]:
    """Return cells with an apostrophe before those that are to be guarded."""
    return {
        name: f"'{cell}" if isinstance(cell, str) and what.match(cell) else cell
        for name, cell in cells.items()
    }
