"""Repair that moves a damaged spool aside, and keeps what can be read of it.

The bytes stay on disk under another name until a person deletes them, or
:mod:`app.redirect.spool.leftovers` does.
"""

import contextlib
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from app.redirect.spool.rows import Row, is_whole

logger = logging.getLogger(__name__)

_ROWS_AT_ONCE = 1_000
_QUERIES = (
    "SELECT * FROM clicks WHERE click_id > ? ORDER BY click_id",
    "SELECT * FROM clicks WHERE click_id > ? ORDER BY click_id DESC",
)


class Damage(NamedTuple):
    """Damage that was found.

    Attributes:
        kind: whether a whole database was set aside, or some clicks in it.
        number: how many.
        text: what was found where, and what became of it.
    """

    kind: Literal["database", "clicks"]
    number: int
    text: str


def move_aside(path: Path) -> Path:
    """Give a database and what belongs to it another name, as far as it is there; return that.

    Nobody may open or begin one under the old name meanwhile.
    """
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


def rescue(aside: Path, fault: str, take_over: Callable[[Sequence[Row]], str]) -> Damage:
    """Hand on what can be read of a damaged database that was moved aside.

    Args:
        fault: what SQLite said.
        take_over: gets the clicks that are whole, some at a time; returns why it can't keep
            them, or ''.
    """
    logger.error("The spool is damaged (%s): moved to %s, a new one begins", fault, aside)
    kept = 0
    for rows in _pages(aside):
        if trouble := take_over(rows):
            fault = f"{fault}; {trouble}"
            break
        kept += len(rows)
    text = f"{fault}; moved to {aside}, {kept} clicks of it could be read and are kept"
    return Damage("database", 1, text)


def forget_set_aside(path: Path, before_ms: int) -> int:
    """Delete what was moved aside before a Unix time; return how many files that were."""
    gone = 0
    for aside in path.parent.glob(f"{path.name}.damaged-*"):
        moved = re.search(r"\.damaged-(\d+)", aside.name)
        if moved and int(moved[1]) < before_ms * 1_000_000:
            aside.unlink(missing_ok=True)
            gone += 1
    return gone


def is_set_aside(path: Path, inode: int) -> bool:
    """Tell whether the file of an inode was moved aside as damaged, and not deleted."""
    found = path.parent.glob(f"{path.name}.damaged-*")
    return any(each.stat().st_ino == inode for each in found)


def _pages(path: Path) -> Iterator[list[Row]]:
    page: list[Row] = []
    for row in _readable(path):
        page.append(row)
        if len(page) >= _ROWS_AT_ONCE:
            yield page
            page = []
    if page:
        yield page


def _readable(path: Path) -> Iterator[Row]:
    """Yield the clicks before the first unreadable place, then those behind the last."""
    last = b""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        for query in _QUERIES:
            try:
                # Else SQLite opens no file that is shorter than it says it should be.
                database.execute("PRAGMA writable_schema = ON")
                for stored in database.execute(query, (last,)):
                    if is_whole(stored):
                        yield stored[:2]
                        last = max(last, stored[0])
            except sqlite3.Error as error:
                logger.warning("Not all of %s can be read: %s", path, error)
