"""The spool on disk: one SQLite database that all redirect workers of a host share.

What it survives: a killed process loses nothing that was committed, since the pages are with the
kernel. A crash of the machine loses what was committed after the last :meth:`SpoolFile.sync`, at
most about a second, and leaves the database whole (synchronous=NORMAL in
https://sqlite.org/wal.html).

The click id is the key: it is a UUIDv7, so rows lie in the order of time, and a click that comes
twice is kept once.
"""

import contextlib
import errno
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

logger = logging.getLogger(__name__)

NAME = "spool.db"
_PAGE_BYTES = 4096
_BUSY_SECONDS = 2.0
#: The write-ahead log beside the database is cut back to this once it is empty.
_LOG_BYTES = 16 << 20
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Row = tuple[bytes, bytes]


class SpoolError(Exception):
    """The spool could not do it; nothing of the call was done.

    Attributes:
        reason: a short, stable name for counting: ``full``, ``locked``, ``damaged`` or
            ``unusable``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class SpoolFile:
    """Clicks on disk. Every method blocks on the disk and may be called from any one thread.

    All methods raise :class:`SpoolError`. A damaged database is moved aside and a new one begun.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self.directory = directory
        self._path = directory / NAME
        self._max_pages = max(max_bytes // _PAGE_BYTES, 16)
        self._database: sqlite3.Connection | None = None
        self._inode = 0

    def write(self, rows: Sequence[Row], forgotten: Sequence[bytes] = ()) -> None:
        """Add clicks and delete others, all or nothing.

        Args:
            rows: click id and XADD command each.
            forgotten: ids of clicks that Redis has confirmed after all.
        """
        try:
            self._write(rows, forgotten)
        except SpoolError as error:
            if error.reason != "damaged":
                raise
            self._write(rows, forgotten)

    def delete(self, click_ids: Sequence[bytes]) -> None:
        """Delete clicks, and give their room back to the disk."""
        with self._transaction() as database:
            database.executemany("DELETE FROM clicks WHERE click_id = ?", _singles(click_ids))
        with self._opened() as database:
            # As a script, because a cursor stops after the first of the pages.
            database.executescript("PRAGMA incremental_vacuum")

    def oldest(self, limit: int, after: bytes = b"", before: bytes = b"\xff" * 16) -> list[Row]:
        """Return the oldest clicks between two ids, in order."""
        with self._opened() as database:
            return database.execute(
                "SELECT click_id, command FROM clicks WHERE click_id > ? AND click_id < ?"
                " ORDER BY click_id LIMIT ?",
                (after, before, limit),
            ).fetchall()

    def count(self) -> int:
        """Return how many clicks wait."""
        with self._opened() as database:
            (count,) = database.execute("SELECT count(*) FROM clicks").fetchone()
            return int(count)

    def sync(self) -> None:
        """Bring what is committed onto the disk, where it outlives a crash of the machine."""
        with self._opened() as database:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _write(self, rows: Sequence[Row], forgotten: Sequence[bytes]) -> None:
        with self._transaction() as database:
            database.executemany("INSERT OR IGNORE INTO clicks VALUES (?, ?)", rows)
            database.executemany("DELETE FROM clicks WHERE click_id = ?", _singles(forgotten))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except sqlite3.Error:
                # SQLite has already rolled back after a full disk, and complains if asked twice.
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._open()
        except sqlite3.Error as error:
            self.close()
            if _code(error) in _DAMAGED:
                self._move_aside(str(error))
            raise SpoolError(_reason(error), f"spool {self._path}: {error}") from error
        except OSError as error:
            self.close()
            reason = "full" if error.errno == errno.ENOSPC else "unusable"
            raise SpoolError(reason, f"spool {self._path}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._database is not None and self._is_still_mine():
            return self._database
        self.close()
        self.directory.mkdir(parents=True, exist_ok=True)
        self._database = _connect(self._path, self._max_pages)
        self._inode = self._path.stat().st_ino
        return self._database

    def _is_still_mine(self) -> bool:
        """Tell whether the path still leads to the open file; another worker may have moved it."""
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _move_aside(self, fault: str) -> None:
        with contextlib.suppress(FileNotFoundError), locked(self.directory / "repair.lock"):
            if self._inode and self._path.stat().st_ino != self._inode:
                return  # another worker was here first
            aside = self._path.with_name(f"{NAME}.damaged-{time.time_ns()}")
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
            logger.error("The spool is damaged (%s): moved to %s, a new one begins", fault, aside)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel releases when the process ends; waits for it.

    Raises:
        OSError: the file can't be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _connect(path: Path, max_pages: int) -> sqlite3.Connection:
    # Threads of one pool take turns with it, so the check for the same thread is in the way.
    database = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        database.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        database.execute(f"PRAGMA max_page_count = {max_pages}")
        database.execute(
            "CREATE TABLE IF NOT EXISTS clicks (click_id BLOB PRIMARY KEY, command BLOB NOT NULL)"
            " WITHOUT ROWID"
        )
    except BaseException:
        database.close()
        raise
    return database


def _singles(values: Sequence[bytes]) -> Iterator[tuple[bytes]]:
    return ((value,) for value in values)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _reason(error: sqlite3.Error) -> str:
    code = _code(error)
    if code == sqlite3.SQLITE_FULL:
        return "full"
    if code in _DAMAGED:
        return "damaged"
    return "locked" if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else "unusable"
