"""Database that holds a host's spool: one SQLite file that all its redirect workers share.

What it survives: a killed process loses nothing that was committed, since the pages are with the
kernel. A crash of the machine loses what was committed after the last :meth:`SpoolFile.sync`, at
most about a second, and leaves the database whole (synchronous=NORMAL in
https://sqlite.org/wal.html). Of a database that is damaged nonetheless, e.g. cut off, what can be
read is put into a new one: see :mod:`app.redirect.spool.repair`.

The click id is the key: it is a UUIDv7, so rows lie in the order of time, and a click that comes
twice is kept once. Each row has a checksum, since SQLite does not notice a changed byte in it.
"""

import contextlib
import errno
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from app.redirect.spool import table
from app.redirect.spool.location import SpoolLocation
from app.redirect.spool.repair import Damage, forget_set_aside, is_set_aside, rescue
from app.redirect.spool.reserve import Reserve
from app.redirect.spool.rows import Row, Stored, is_whole
from app.redirect.spool.table import PAGE_BYTES, is_damage, reason_of

logger = logging.getLogger(__name__)

#: Few, so that a full disk's reserve suffices for them.
_DELETED_AT_ONCE = 100
_TAKEN_OVER_AT_ONCE = 1_000


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
        self._location = SpoolLocation(directory, max(max_bytes // PAGE_BYTES, 16))
        self._path = self._location.path
        self._reserve = Reserve(directory)
        self._database: sqlite3.Connection | None = None
        self._inode = 0
        self._is_stranded = False

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
            table.set_aside(database, click_ids)
        self._on_damage(Damage("clicks", len(click_ids), f"{self._path}: {fault}"))

    def forget_damaged(self, before_ms: int) -> int:
        """Delete damaged clicks, and databases that were set aside, of before a Unix time.

        A click's age is that in its id, unless that lies far in the future, since it may be the id
        that is damaged. Returns how many are gone; nothing is opened where there is no spool.
        """
        gone = forget_set_aside(self._path, before_ms)
        if self._path.exists():
            with self._transaction() as database:
                gone += table.forget_damaged(database, before_ms)
        return gone

    def filling(self) -> Filling:
        """Return what is in the spool."""
        with self._opened() as database:
            [(clicks,)] = database.execute("SELECT clicks FROM totals")
            [(oldest,)] = database.execute("SELECT min(click_id) FROM clicks")
            size_bytes = table.size_bytes(database)
        oldest_ms = int.from_bytes(oldest[:6], "big") if oldest else None
        return Filling(clicks, size_bytes, oldest_ms)

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
            table.delete(database, click_ids)
        with self._opened() as database:
            # As a script, because a cursor stops after the first of the pages.
            database.executescript("PRAGMA incremental_vacuum")

    def _oldest(self, limit: int, after: bytes, before: bytes) -> list[Stored]:
        with self._opened() as database:
            return table.oldest(database, limit, after, before)

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
            table.insert(database, rows)
            table.delete(database, forgotten)
        if rows:
            self._require_mine()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back after a full disk, and complains if asked twice.
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._open()
        except sqlite3.Error as error:
            self._drop()
            if is_damage(error):
                self._move_aside(str(error))
            raise SpoolError(reason_of(error), f"spool {self._path}: {error}") from error
        except OSError as error:
            self._drop()
            reason = "full" if error.errno == errno.ENOSPC else "unusable"
            raise SpoolError(reason, f"spool {self._path}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._database is not None and self._location.holds(self._inode):
            return self._database
        try:
            return self._open_anew()
        except (sqlite3.Error, OSError) as error:
            if self._database is None:
                raise
            self._say_stranded(error)
            # What is open is all there is of its clicks: they leave from there until there is room.
            return self._database

    def _open_anew(self) -> sqlite3.Connection:
        """Open what lies there by now, and bring there what only we may have."""
        left = self._database
        # If another worker found damage, that one has taken over what can be read.
        is_deleted = left is not None and not is_set_aside(self._path, self._inode)
        room_bytes = _size_bytes(left) if left is not None and is_deleted else 0
        self._database, self._inode = self._location.open(room_bytes)
        self._is_stranded = False
        self._rescue()
        if left is not None:
            with contextlib.closing(left):
                if is_deleted:
                    self._keep_clicks_of(left)
        return self._database

    def _say_stranded(self, error: Exception) -> None:
        if not self._is_stranded:
            self._is_stranded = True
            logger.error(
                "The spool %s was deleted or moved while in use, and its clicks can't be put back"
                " (%s): what has not been sent when this process ends is lost",
                self._path,
                error,
            )

    def _keep_clicks_of(self, deleted: sqlite3.Connection) -> None:
        """Put the clicks of a database that somebody took away into the new one.

        Its file lives on for as long as it is open.
        """
        kept, fault = 0, ""
        try:
            cursor = deleted.execute("SELECT * FROM clicks")
            while not fault and (stored := cursor.fetchmany(_TAKEN_OVER_AT_ONCE)):
                rows = [each[:2] for each in stored if is_whole(each)]
                fault = self._take_over(rows)
                kept += 0 if fault else len(rows)
        except sqlite3.Error as error:
            fault = str(error)
        text = f"{self._path} was deleted or moved while in use; {kept} clicks of it are kept"
        self._on_damage(Damage("database", 1, f"{text} {fault}".rstrip()))

    def _drop(self) -> None:
        """Close the database after a fault, unless it is gone but for what we have open."""
        if self._location.holds(self._inode):
            self.close()

    def _has_log(self) -> bool:
        log = Path(f"{self._path}-wal")
        return log.exists() and log.stat().st_size > 0

    def _require_mine(self) -> None:
        """Raise SpoolError if what was just committed went into a file that was moved aside."""
        if not self._location.holds(self._inode):
            raise SpoolError("damaged", f"spool {self._path} was moved aside or deleted")

    def _move_aside(self, fault: str) -> None:
        """Begin another database with what can be read of this one, or have the next call do so."""
        with contextlib.suppress(sqlite3.Error, OSError):
            self._location.clear(self._inode, fault)
            self._open()

    def _rescue(self) -> None:
        while self._location.aside:
            aside, fault = self._location.aside.pop(0)
            self._on_damage(rescue(aside, fault, self._take_over))

    def _take_over(self, rows: Sequence[Row]) -> str:
        """Put clicks of another database into this one; return why it can't be done, or ''."""
        try:
            # A connection of its own: what it can't do is no fault of the one in use.
            database, _ = self._location.open()
            with contextlib.closing(database):
                database.execute("BEGIN IMMEDIATE")
                table.insert(database, rows)
                database.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            return str(error)
        return ""


def _size_bytes(database: sqlite3.Connection) -> int:
    """Return what the clicks of a database take up; 0 where nothing of it can be read."""
    try:
        return table.size_bytes(database)
    except sqlite3.Error:
        return 0
