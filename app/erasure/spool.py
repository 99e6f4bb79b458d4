"""Erasure that deletes clicks from the spool that :mod:`app.redirect.spool.file` lays out."""

import sqlite3
from collections.abc import Container
from contextlib import closing
from pathlib import Path
from typing import Literal

import hiredis

from app.audit.spool import NAME, SpoolUnreadable, pages, spool_path
from app.erasure.choice import Choice, Found, read_entry
from app.processes.file_lock import try_lock

#: Held by the worker that drains, and alone brings the log into the database.
_DRAIN_LOCK = "drain.lock"
_PAGE = 1_000
#: Longest wait for whoever writes.
_BUSY_SECONDS = 10.0

_Table = Literal["clicks", "damaged"]


def erase_spooled(
    directory: Path, choice: Choice, click_ids: Container[bytes], *, is_dry: bool
) -> int:
    """Delete the clicks of a choice, and of click ids, and return how many.

    What is deleted is overwritten, and the write-ahead log cut back.

    Raises:
        SpoolUnreadable: it is damaged, locked, or not ours to write.
    """
    path = spool_path(directory)
    if path is None:
        return 0
    try:
        with closing(
            sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        ) as database:
            # https://sqlite.org/pragma.html#pragma_secure_delete
            database.execute("PRAGMA secure_delete = ON")
            count = sum(
                _erase(database, table, choice, click_ids, is_dry=is_dry)
                for table in ("clicks", "damaged")
            )
            if count and not is_dry:
                database.executescript("PRAGMA incremental_vacuum")
                _empty_log(database, directory)
            return count
    except (sqlite3.Error, OSError) as error:
        raise SpoolUnreadable(f"the spool {path} can't be erased from: {error}") from error


def set_aside(directory: Path) -> list[Path]:
    """Return the damaged databases that were set aside, which nothing can be erased from."""
    return sorted(directory.glob(f"{NAME}.damaged-*"))


def read_command(click_id: bytes, command: bytes) -> Found | None:
    """Return what the XADD of a spooled click carries; None for what is none."""
    reader = hiredis.Reader()
    try:
        reader.feed(command)
        words = reader.gets()
        time_ms = int.from_bytes(click_id[:6], "big")
        found = read_entry(b"%d-0" % time_ms, words[words.index(b"*") + 1 :])
    except (hiredis.ProtocolError, ValueError, TypeError, AttributeError):
        return None
    return found._replace(click_ref=found.click_ref._replace(click_id=click_id, time_ms=time_ms))


def _erase(
    database: sqlite3.Connection,
    table: _Table,
    choice: Choice,
    click_ids: Container[bytes],
    *,
    is_dry: bool,
) -> int:
    count = 0
    for page in pages(database, table, "click_id, command", _PAGE):
        chosen = [
            (click_id,)
            for click_id, command in page
            if click_id in click_ids or _is_chosen(choice, click_id, command)
        ]
        count += len(chosen)
        if chosen and not is_dry:
            _delete(database, table, chosen)
    return count


def _is_chosen(choice: Choice, click_id: bytes, command: bytes) -> bool:
    found = read_command(click_id, command)
    if found is not None:
        return choice.has(found)
    # Of a click that can't be read, what still looks chosen goes: it will never be sent.
    code = (choice.code or "").encode()
    return bool(code) and b"$%d\r\n%b\r\n" % (len(code), code) in command


def _delete(database: sqlite3.Connection, table: _Table, chosen: list[tuple[bytes]]) -> None:
    database.execute("BEGIN IMMEDIATE")
    before = database.total_changes
    database.executemany(f"DELETE FROM {table} WHERE click_id = ?", chosen)  # noqa: S608 - one of two names
    if table == "clicks":
        deleted = database.total_changes - before
        database.execute("UPDATE totals SET clicks = clicks - ?", (deleted,))
    database.execute("COMMIT")


def _empty_log(database: sqlite3.Connection, directory: Path) -> None:
    """Empty the write-ahead log, unless a redirect worker drains and will do it itself.

    Two connections must not do this at once: https://sqlite.org/wal.html#walresetbug
    """
    path = directory / _DRAIN_LOCK
    if not path.exists():
        return  # made here, it would perhaps not be the redirect's to open
    with path.open("rb") as lock:
        if try_lock(lock.fileno()):
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
