"""Exports of links, which :mod:`app.links.files.rows` reads back."""

import csv
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TextIO, cast

import orjson

from app.links.json import NAMES, to_plain
from app.links.link import Link
from app.terminal.formulas import FORMULA

Format = Literal["csv", "jsonl"]

#: What looks like a formula that was kept from being one: a reader takes an apostrophe away.
_LIKE_NEUTRAL = re.compile(r"'+[=+\-@\uff1d\uff0b\uff0d\uff20]")


def write_links(
    file: TextIO, links: Iterable[Link], form: Format, *, neutralise: bool = False
) -> None:
    """Write links, one a line.

    Args:
        neutralise: put an apostrophe before cells that a spreadsheet would run as a formula.
    """
    file.writelines(lines_of(links, form, neutralise=neutralise))


def lines_of(links: Iterable[Link], form: Format, *, neutralise: bool = False) -> Iterator[str]:
    """Yield lines of links, each with its end; see :func:`write_links`."""
    if form == "jsonl":
        yield from (f"{orjson.dumps(to_plain(link)).decode()}\n" for link in links)
        return
    writer = csv.DictWriter(_Echo(), NAMES, lineterminator="\n")
    # Its methods return what the file's write() does, which their types don't tell.
    yield cast("str", writer.writeheader())
    guarded = FORMULA if neutralise else _LIKE_NEUTRAL
    for link in links:
        yield cast("str", writer.writerow(_guarded(_flat(link), guarded)))


class _Echo:
    """Hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


@contextmanager
def replacing(file: Path) -> Iterator[TextIO]:
    """Open a file that takes its name only once it is whole, so that no backup is half a one.

    It keeps the mode and, where we may give files away, the owner of the one that it replaces. A
    symbolic link stays, and what it leads to is replaced. What can't be replaced is written to as
    it is: pipes, devices, files in folders that we may not change, mounted files.

    Raises:
        OSError: it can't be written; then it is as it was, if it could be replaced.
    """
    place = Path(os.path.realpath(file))
    held = _status(file)
    if held is not None and not (stat.S_ISREG(held.st_mode) and _is_changeable(place.parent)):
        with _opened(file, "w") as text:
            yield text
        return
    part = place.with_name(f"{place.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with _opened(part, "x") as text:
            if held is not None:
                _give(text, held)
            yield text
        _put(part, place)
    finally:
        part.unlink(missing_ok=True)


def _opened(file: Path, mode: Literal["w", "x"]) -> TextIO:
    return file.open(mode, encoding="utf-8", newline="")


def _status(file: Path) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return file.stat()
    return None


def _is_changeable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _give(text: TextIO, held: os.stat_result) -> None:
    """Give a new file the owner and the mode of another."""
    with suppress(PermissionError):
        os.fchown(text.fileno(), held.st_uid, held.st_gid)
    os.fchmod(text.fileno(), stat.S_IMODE(held.st_mode))


def _put(part: Path, place: Path) -> None:
    try:
        part.replace(place)
    except OSError as error:
        # A file that is mounted by itself, as containers have them.
        if error.errno != errno.EBUSY:
            raise
        shutil.copyfile(part, place)


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
