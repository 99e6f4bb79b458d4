"""Database that holds a host's spool: one SQLite file that all its redirect workers share.

What it survives: a killed process loses nothing that was committed, since the pages are with the
kernel. A crash of the machine loses what was committed after the last :meth:`SpoolFile.sync`, at
most about a second, and leaves the database whole (synchronous=NORMAL in
https://sqlite.org/wal.html). Of a database that is damaged nonetheless, e.g. cut off, what can be
read is put into a new one: see :mod:`app.redirect.spool_repair`.

The click id is the key: it is a UUIDv7, so rows lie in the order of time, and a click that comes
twice is kept once. Each row has a checksum, since SQLite does not notice a changed byte in it.
"""

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from app.private_files import make_private
from app.redirect import spool_sql
from app.redirect.spool_repair import Damage, forget_set_aside, is_set_aside, set_aside
from app.redirect.spool_reserve import Reserve
from app.redirect.spool_rows import Row, Stored, is_whole
from app.redirect.spool_sql import PAGE_BYTES

NAME = "spool.db"
#: Few, so that a full disk's reserve suffices for them.
_DELETED_AT_ONCE = 100
_TAKEN_OVER_AT_ONCE = 1_000
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Filling(NamedTuple):
    """What is in the spool now, of all workers of the host.

    Attributes:
        size_bytes: what its clicks take up on disk; room that was given back does not count.
        oldest_ms: Unix milliseconds of the oldest click, None without any.
    """

    clicks: int
    size_bytes: int
    oldest_ms: int | None


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

    All methods raise :class:`SpoolError`. A damaged database is moved aside and a new one begun
    with what could be read of it.

    Attributes:
        directory: where the database lies.
    """

    def __init__(
        self,
        directory: Path,
        max_bytes: int,
        on_damage: Callable[[Damage], None] = lambda _: None,
    ) -> None:
        """Make a file that is opened by the first call.

        Args:
            max_bytes: most that the database may take up.
            on_damage: told of damage that was found, in the thread that found it.
        """
        self.directory = directory
        self._on_damage = on_damage
        self._path = directory / NAME
        self._max_pages = max(max_bytes // PAGE_BYTES, 16)
        self._reserve = Reserve(directory)
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
        """Delete clicks, and give their room back to the disk, if need be with the reserve's."""
        for start in range(0, len(click_ids), _DELETED_AT_ONCE):
            self._relieved(self._delete, click_ids[start : start + _DELETED_AT_ONCE])

    def oldest(self, limit: int, after: bytes = b"", before: bytes = b"\xff" * 16) -> list[Row]:
        """Return the oldest clicks between two ids, in order; damaged ones are set aside."""
        found = self._relieved(self._oldest, limit, after, before)
        whole = [row[:2] for row in found if is_whole(row)]
        if len(whole) == len(found):
            return whole
        self.set_aside([row[0] for row in found if not is_whole(row)], "a checksum is wrong")
        return self.oldest(limit, after, before)

    def set_aside(self, click_ids: Sequence[bytes], fault: str) -> None:
        """Take clicks that can't be sent out of the queue; they stay in a table of their own."""
        with self._transaction() as database:
            spool_sql.set_aside(database, click_ids)
        self._on_damage(Damage("clicks", len(click_ids), f"{self._path}: {fault}"))

    def forget_damaged(self, before_ms: int) -> int:
        """Delete damaged clicks, and databases that were set aside, of before a Unix time.

        A click's age is that in its id, unless that lies far in the future, since it may be the id
        that is damaged. Returns how many are gone; nothing is opened where there is no spool.
        """
        gone = forget_set_aside(self._path, before_ms)
        if self._path.exists():
            with self._transaction() as database:
                gone += spool_sql.forget_damaged(database, before_ms)
        return gone

    def filling(self) -> Filling:
        """Return what is in the spool."""
        with self._opened() as database:
            [(clicks,)] = database.execute("SELECT clicks FROM totals")
            [(oldest,)] = database.execute("SELECT min(click_id) FROM clicks")
            [(pages,)] = database.execute("PRAGMA page_count")
            [(free,)] = database.execute("PRAGMA freelist_count")
        oldest_ms = int.from_bytes(oldest[:6], "big") if oldest else None
        return Filling(clicks, (pages - free) * PAGE_BYTES, oldest_ms)

    def count(self) -> int:
        """Return how many clicks wait."""
        return self.filling().clicks

    def sync(self) -> None:
        """Bring what is committed onto the disk, where it outlives a crash of the machine.

        One process of a host at a time, for all: SQLite before 3.51.3 can lose a commit when two
        connections do this at once (https://sqlite.org/wal.html#walresetbug). Without any clicks
        the write-ahead log is emptied, which else would go on showing them.
        """
        self._relieved(self._sync)
        with contextlib.suppress(OSError):
            self._reserve.fill()

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _relieved(self, step: Callable[..., Any], *arguments: object) -> Any:
        """Take a step that takes clicks out, once more with the reserve's room if it is for that.

        Opening a database on a full disk may fail in other ways than for want of room.
        """
        try:
            return step(*arguments)
        except SpoolError as error:
            if error.reason not in ("full", "unusable") or not self._reserve.release():
                raise
        return step(*arguments)

    def _delete(self, click_ids: Sequence[bytes]) -> None:
        with self._transaction() as database:
            spool_sql.delete(database, click_ids)
        with self._opened() as database:
            # As a script, because a cursor stops after the first of the pages.
            database.executescript("PRAGMA incremental_vacuum")

    def _oldest(self, limit: int, after: bytes, before: bytes) -> list[Stored]:
        with self._opened() as database:
            return spool_sql.oldest(database, limit, after, before)

    def _sync(self) -> None:
        with self._opened() as database:
            is_empty = not database.execute("SELECT 1 FROM clicks LIMIT 1").fetchone()
            # Of a full disk, the log has to give its room back as well.
            is_cut = self._reserve.is_empty or (is_empty and self._has_log())
            mode = "TRUNCATE" if is_cut else "PASSIVE"
            database.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    def _write(self, rows: Sequence[Row], forgotten: Sequence[bytes]) -> None:
        with self._transaction() as database:
            if rows:
                self._reserve.require()
            spool_sql.insert(database, rows)
            spool_sql.delete(database, forgotten)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
                self._require_mine()
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
        deleted, self._database = self._database, None
        make_private(self.directory, (f"{NAME}*", "*.lock"))
        self._database = spool_sql.connect(self._path, self._max_pages)
        inode, self._inode = self._inode, self._path.stat().st_ino
        if deleted is not None:
            self._leave(deleted, inode)
        return self._database

    def _leave(self, deleted: sqlite3.Connection, inode: int) -> None:
        """Close a database that is not where it was, with its clicks if somebody deleted it.

        Its file lives on for as long as it is open.
        """
        with contextlib.closing(deleted):
            if is_set_aside(self._path, inode):
                return  # another worker found damage, and has taken over what can be read
            kept, fault = 0, ""
            cursor = deleted.execute("SELECT * FROM clicks")
            while not fault and (stored := cursor.fetchmany(_TAKEN_OVER_AT_ONCE)):
                rows = [each[:2] for each in stored if is_whole(each)]
                fault = self._take_over(rows)
                kept += 0 if fault else len(rows)
        text = f"{self._path} was deleted while in use; {kept} clicks of it are kept {fault}"
        self._on_damage(Damage("database", 1, text.rstrip()))

    def _has_log(self) -> bool:
        log = Path(f"{self._path}-wal")
        return log.exists() and log.stat().st_size > 0

    def _require_mine(self) -> None:
        """Raise SpoolError if what was just committed went into a file that was moved aside."""
        if not self._is_still_mine():
            raise SpoolError("damaged", f"spool {self._path} was moved aside or deleted")

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
            self._on_damage(set_aside(self._path, fault, self._take_over))

    def _take_over(self, rows: Sequence[Row]) -> str:
        """Put clicks of a damaged database into the new one; return why it can't be done, or ''."""
        try:
            with (
                contextlib.closing(spool_sql.connect(self._path, self._max_pages)) as database,
                database,
            ):
                spool_sql.insert(database, rows)
        except sqlite3.Error as error:
            return str(error)
        return ""


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


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _reason(error: sqlite3.Error) -> str:
    code = _code(error)
    if code == sqlite3.SQLITE_FULL:
        return "full"
    if code in _DAMAGED:
        return "damaged"
    return "locked" if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else "unusable"
