"""Location that holds the spool's database, from which it may be moved or deleted at any time.

Rule: what comes there and what goes from there does so under one lock, a process at a time.
      A database that was begun while another's write-ahead log still lay there would take that for
      its own, and so would share it with whoever has the other one open: SQLite knows both files by
      name (https://sqlite.org/howtocorrupt.html, 2.4 and 2.5).
"""

import errno
import os
import sqlite3
from pathlib import Path

from app.processes.file_lock import locked
from app.processes.private_files import make_private
from app.redirect.spool import table
from app.redirect.spool.repair import move_aside
from app.redirect.spool.table import is_damage

NAME = "spool.db"


class SpoolLocation:
    """Opens what lies there, or moves it aside. Methods raise OSError or sqlite3.Error.

    Attributes:
        path: of the database.
        aside: damaged databases that were moved from there, and what SQLite said of each; whoever
            has taken over what can be read takes it off the list.
    """

    def __init__(self, directory: Path, max_pages: int) -> None:
        """Name a location; nothing is made before it is opened.

        Args:
            max_pages: most that the database may take up, in pages of its own size.
        """
        self.path = directory / NAME
        self.aside: list[tuple[Path, str]] = []
        self._directory = directory
        self._lock = directory / "repair.lock"
        self._max_pages = max_pages

    def holds(self, inode: int) -> bool:
        """Tell whether the file of an inode lies there, and is not moved, deleted or hidden."""
        try:
            return self.path.stat().st_ino == inode
        except OSError:
            return False

    def open(self, room_bytes: int = 0) -> tuple[sqlite3.Connection, int]:
        """Open what is there, or begin a database where nothing is, or a damaged one.

        Args:
            room_bytes: what will be put there; where the disk has no room for it, nothing is done.

        Returns:
            The database and its file's inode.
        """
        make_private(self._directory, (f"{NAME}*", "*.lock"))
        self._require_room(room_bytes)
        with locked(self._lock):
            if not self.path.exists():
                # The log of one that somebody took away alone, and that others may have open.
                move_aside(self.path)
            try:
                return self._connect()
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                self._move_aside(str(error))
            return self._connect()

    def clear(self, inode: int, fault: str) -> None:
        """Move the damaged file of an inode aside, unless it is no longer there."""
        with locked(self._lock):
            if self.holds(inode):
                self._move_aside(fault)

    def _move_aside(self, fault: str) -> None:
        self.aside.append((move_aside(self.path), fault))

    def _connect(self) -> tuple[sqlite3.Connection, int]:
        database = table.connect(self.path, self._max_pages)
        return database, self.path.stat().st_ino

    def _require_room(self, size_bytes: int) -> None:
        """Raise OSError where the disk can't take so much into the log, and then the database."""
        disk = os.statvfs(self._directory)
        if size_bytes and disk.f_bavail * disk.f_frsize < 2 * size_bytes:
            raise OSError(errno.ENOSPC, "no room for the clicks of a deleted spool")
