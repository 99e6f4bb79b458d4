"""Reader that counts the clicks in this host's spool while redirect workers write it.

The file is laid out by :mod:`app.redirect.spool.file`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.audit.click_ref import ClickRef

NAME = "spool.db"
_PAGE = 10_000
#: Longest wait for whoever writes.
_BUSY_SECONDS = 2.0


class SpoolUnreadable(Exception):
    """The spool can't be read; the text says why."""


def spool_path(directory: Path) -> Path | None:
    """Return where a spool's database is, None where there is none.

    Raises:
        SpoolUnreadable: the directory is closed to us.
    """
    path = directory / NAME
    try:
        # Not path.exists(), which from Python 3.14 on takes what is closed to us for missing.
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SpoolUnreadable(f"the spool {path} can't be read: {error.strerror}") from error
    return path


def spooled(directory: Path) -> Iterator[ClickRef]:
    """Yield the clicks in a spool, none where there is no spool.

    Raises:
        SpoolUnreadable: it is damaged, or not ours to read.
    """
    path = spool_path(directory)
    if path is None:
        return
    with _reading(path) as database:
        for page in pages(database, "clicks", "click_id", _PAGE):
            for (click_id,) in page:
                yield ClickRef(int.from_bytes(click_id[:6], "big"), click_id)


def count_spooled(directory: Path) -> int:
    """Return how many clicks are in a spool, 0 where there is none: as it says, without a walk.

    Raises:
        SpoolUnreadable: it is damaged, or not ours to read.
    """
    path = spool_path(directory)
    if path is None:
        return 0
    with _reading(path) as database:
        [(clicks,)] = database.execute("SELECT clicks FROM totals")
    return int(clicks)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, timeout=_BUSY_SECONDS, uri=True)) as database:
            yield database
    except (sqlite3.Error, OSError) as error:
        raise SpoolUnreadable(f"the spool {path} can't be read: {error}") from error


def pages(
    database: sqlite3.Connection, table: str, columns: str, count: int
) -> Iterator[list[tuple[bytes, ...]]]:
    """Yield a table's rows, so many at a time, by click id, which is the first of the columns.

    A long read would keep the write-ahead log from being cut back.
    """
    after = b""
    query = f"SELECT {columns} FROM {table} WHERE click_id > ? ORDER BY click_id LIMIT ?"  # noqa: S608 - own names
    while page := database.execute(query, (after, count)).fetchall():
        yield page
        after = page[-1][0]
