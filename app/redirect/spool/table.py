"""Statements that are put to the spool's open SQLite database. Everything raises sqlite3.Error."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.redirect.spool.rows import Row, Stored, checksum

PAGE_BYTES = 4096
_BUSY_SECONDS = 2.0
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
#: No click is younger than one that may go by so much: ten years.
_POSSIBLE_MS = 10 * 366 * 86_400_000
#: The write-ahead log beside the database is cut back to this once it is empty.
_LOG_BYTES = 16 << 20

#: The number of clicks is kept beside them, because SQLite would read them all to count them.
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS clicks
    (click_id BLOB PRIMARY KEY, command BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS damaged
    (click_id BLOB PRIMARY KEY, command BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totals (clicks INTEGER NOT NULL);
INSERT INTO totals SELECT 0 WHERE NOT EXISTS (SELECT * FROM totals);
COMMIT;
"""


def connect(path: Path, max_pages: int) -> sqlite3.Connection:
    """Open the database, or begin one; it may take up so many pages of :data:`PAGE_BYTES`."""
    # Threads of one pool take turns with it, so the check for the same thread is in the way.
    database = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        # Addresses stand in it: what is deleted is overwritten.
        database.execute("PRAGMA secure_delete = ON")
        database.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        # By the drain alone, see SpoolFile.sync.
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.execute(f"PRAGMA max_page_count = {max_pages}")
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'totals'").fetchone():
            database.executescript(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def insert(database: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Add clicks; those that are there already are left as they are."""
    stored = [(*row, checksum(row)) for row in rows]
    before = database.total_changes
    database.executemany("INSERT OR IGNORE INTO clicks VALUES (?, ?, ?)", stored)
    _count(database, database.total_changes - before)


def delete(database: sqlite3.Connection, click_ids: Sequence[bytes]) -> None:
    """Delete clicks; those that are not there need no deleting."""
    before = database.total_changes
    database.executemany("DELETE FROM clicks WHERE click_id = ?", _singles(click_ids))
    _count(database, before - database.total_changes)


def oldest(database: sqlite3.Connection, limit: int, after: bytes, before: bytes) -> list[Stored]:
    """Return the oldest clicks between two ids, in order, whether they are whole or not."""
    return database.execute(
        "SELECT * FROM clicks WHERE click_id > ? AND click_id < ? ORDER BY click_id LIMIT ?",
        (after, before, limit),
    ).fetchall()


def size_bytes(database: sqlite3.Connection) -> int:
    """Return what the clicks take up on disk; room that was given back does not count."""
    [(pages,)] = database.execute("PRAGMA page_count")
    [(free,)] = database.execute("PRAGMA freelist_count")
    return int(pages - free) * PAGE_BYTES


def set_aside(database: sqlite3.Connection, click_ids: Sequence[bytes]) -> None:
    """Take clicks out of the queue, into a table of their own.

    One whose id was changed may be out of order: a walk through the table comes upon it, and no
    search finds it. Then the database is damaged, which SQLite does not notice by itself.
    """
    database.executemany(
        "INSERT OR REPLACE INTO damaged SELECT * FROM clicks WHERE click_id = ?",
        _singles(click_ids),
    )
    delete(database, click_ids)
    for click_id in click_ids:
        # The plus keeps SQLite from searching for it: https://sqlite.org/optoverview.html
        if database.execute("SELECT 1 FROM clicks WHERE +click_id = ?", (click_id,)).fetchone():
            raise _damaged(f"click {click_id.hex()} is not where its id says")


def forget_damaged(database: sqlite3.Connection, before_ms: int) -> int:
    """Delete damaged clicks of before a Unix time, or of an impossible one; return how many."""
    earliest = before_ms.to_bytes(6, "big")
    latest = (before_ms + _POSSIBLE_MS).to_bytes(6, "big")
    query = "DELETE FROM damaged WHERE click_id < ? OR click_id > ?"
    return database.execute(query, (earliest, latest)).rowcount


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is not what a database should be."""
    return _code(error) in _DAMAGED


def reason_of(error: sqlite3.Error) -> str:
    """Return a short, stable name for an error."""
    if is_damage(error):
        return "damaged"
    code = _code(error)
    if code == sqlite3.SQLITE_FULL:
        return "full"
    return "locked" if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else "unusable"


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code (https://sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _damaged(text: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(text)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _count(database: sqlite3.Connection, change: int) -> None:
    if change:
        database.execute("UPDATE totals SET clicks = clicks + ?", (change,))


def _singles(values: Sequence[bytes]) -> Iterator[tuple[bytes]]:
    return ((value,) for value in values)
