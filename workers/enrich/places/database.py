"""Database of places, which takes its file anew when that has been replaced."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb

from workers.enrich.places.place import NOWHERE, Place, read_place
from workers.enrich.places.private_copy import private_copy

logger = logging.getLogger(__name__)


class BadPlaceDatabase(Exception):
    """The file is there but no database of places; the text names it."""


class _State(NamedTuple):
    """By what a file differs from the one that was there before."""

    inode: int
    size_bytes: int
    modified_ns: int


class PlaceDatabase:
    """Looks addresses up in a MaxMind DB file, read through its C extension.

    While the file is missing, every place is unknown: a click counts all the same. Once a file was
    read, its answers go on until a whole one takes its place.

    Args:
        folder: where the copy that is read has room.

    Attributes:
        built_at: when the database was made, in Unix seconds; 0 for none.
        version: its type and day; '' for none.
        is_usable: whether the file of now is the one that answers.

    Raises:
        BadPlaceDatabase: it is none, as the first file of a process.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._reader: maxminddb.Reader | None = None
        self._seen = self._tried = self._state()
        self.built_at = 0
        self.version = ""
        self.is_usable = self._seen is not None
        if self._seen is None:
            logger.warning("%s is missing: what it tells of places stays unknown", path)
        else:
            self._take()

    def look(self) -> bool:
        """Take the file of now if it is another, and rests; tell whether it answers from now on."""
        state = self._state()
        is_resting, self._seen = state == self._seen, state
        # Who writes it in its place is not done while it changes from one look to the next.
        if not is_resting or state == self._tried:
            return False
        self._tried = state
        self.is_usable = self._is_taken(state)
        return self.is_usable

    def find(self, address: str) -> tuple[Place, int]:
        """Return where an address is, and the bits of the network of which that holds.

        These are 0 where the database can say nothing of such an address.
        """
        if self._reader is None:
            return NOWHERE, 0
        try:
            record, bits = self._reader.get_with_prefix_len(address)
        # An IPv6 address and a database of IPv4 ones; a text that isn't UTF-8; a damaged file.
        except (ValueError, maxminddb.InvalidDatabaseError):
            return NOWHERE, 0
        return read_place(record), bits

    def _state(self) -> _State | None:
        try:
            held = self._path.stat()
        except OSError:
            return None
        return _State(held.st_ino, held.st_size, held.st_mtime_ns)

    def _is_taken(self, state: _State | None) -> bool:
        if state is None:
            logger.warning("%s is gone: what it last told goes on", self._path)
            return False
        try:
            self._take()
        except BadPlaceDatabase as error:
            logger.error("%s; what it last told goes on", error)
            return False
        logger.info("%s answers from now on: %s", self._path, self.version)
        return True

    def _take(self) -> None:
        try:
            with private_copy(self._path, self._folder) as copy:
                reader = maxminddb.open_database(copy)
            held = reader.metadata()
            built = datetime.fromtimestamp(held.build_epoch, UTC)
        except (maxminddb.InvalidDatabaseError, OSError, ValueError, OverflowError) as error:
            told = f"place database {self._path} can't be read: {error}"
            raise BadPlaceDatabase(told) from error
        self._reader = reader
        self.built_at = held.build_epoch
        self.version = f"{_line(held.database_type)} {built:%Y-%m-%d}"


def _line(told: Any) -> str:
    return " ".join(str(told).split())[:60]
