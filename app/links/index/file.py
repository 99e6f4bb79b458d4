"""File of the search index: an SQLite database that may be deleted, and is made anew then."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from app.stores.scripts import query

logger = logging.getLogger(__name__)

#: Of the schema: files of another one are made anew.
_VERSION = 1
_BUSY_SECONDS = 30.0
_CACHE_KIB = 4_096
_SETTINGS = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -{_CACHE_KIB};
PRAGMA temp_store = MEMORY;
PRAGMA journal_size_limit = 67108864;
"""


class IndexUnusable(Exception):
    """The file can't be made, read or written; the text names it and says why."""


class IndexFile:
    """Opens the file, once for each thread.

    Args:
        path: where it is; folders above it are made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = threading.local()
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold a connection, which sees the file as it is at the first statement.

        Raises:
            IndexUnusable: the file can't be used.
        """
        with self._translated():
            yield self._connection()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold a transaction that is carried out as a whole or not at all; others wait for it.

        Raises:
            IndexUnusable: the file can't be used.
        """
        with self._translated():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_damaged(error):
                self._delete()
            raise IndexUnusable(f"the index of links {self.path} can't be used: {error}") from None

    def _connection(self) -> sqlite3.Connection:
        held: tuple[sqlite3.Connection, int] | None = getattr(self._held, "one", None)
        if held is not None and held[1] == self._inode():
            return held[0]
        with self._lock:
            connection = self._open()
        self._held.one = (connection, self._inode())
        return connection

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.executescript(_SETTINGS)
        if _version(connection) != _VERSION:
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have made it meanwhile.
            if _version(connection) != _VERSION:
                _make(connection)
            connection.execute("COMMIT")
        return connection

    def _inode(self) -> int:
        with suppress(OSError):
            return self.path.stat().st_ino
        return 0

    def _delete(self) -> None:
        logger.warning("The index of links %s is damaged: it is made anew", self.path)
        for end in ("", "-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)


@contextmanager
def looking(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold a connection to a file that another process keeps, and change nothing of it.

    Raises:
        IndexUnusable: it can't be read, or is of another version.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as held:
            if _version(held) != _VERSION:
                raise IndexUnusable(f"the index of links {path} is of another version")
            yield held
    except (sqlite3.Error, OSError) as error:
        raise IndexUnusable(f"the index of links {path} can't be read: {error}") from None


def _make(connection: sqlite3.Connection) -> None:
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name NOT LIKE 'texts_%'"
    ).fetchall()
    for (name,) in names:
        connection.execute(f"DROP TABLE {name}")
    for statement in statements(query("app.links.index", "schema")):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def statements(text: str) -> Iterator[str]:
    """Yield the statements of a text."""
    held = ""
    for line in text.splitlines(keepends=True):
        held += line
        if sqlite3.complete_statement(held):
            yield held
            held = ""


def _version(connection: sqlite3.Connection) -> Any:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )
