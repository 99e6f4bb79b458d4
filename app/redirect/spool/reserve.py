"""Reserve that keeps room on the spool's disk for deleting: SQLite needs some for that, too.

On a disk that the spool itself has filled no click could leave it again. So a file of no meaning
keeps some room. It is emptied for the drain alone when the disk is full: while it is empty, new
clicks are refused, and they wait in memory. It is filled again as soon as there is room.
"""

import errno
import os
from pathlib import Path

NAME = "spool.reserve"
_BYTES = 4 << 20


class Reserve:
    """The file beside the spool. Methods raise OSError."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    @property
    def is_empty(self) -> bool:
        """Whether it was emptied and has not been filled since."""
        try:
            return self._path.stat().st_size < _BYTES
        except FileNotFoundError:
            return False

    def require(self) -> None:
        """Make the file if there is none; raise ENOSPC while it is emptied for the drain."""
        if not self._path.exists():
            self._allocate()
        elif self.is_empty:
            raise OSError(errno.ENOSPC, "what room there is left is for taking clicks out")

    def release(self) -> bool:
        """Empty it; return whether that gave any room."""
        try:
            held = self._path.stat().st_size
            os.truncate(self._path, 0)
        except FileNotFoundError:
            return False
        return held > 0

    def fill(self) -> None:
        """Fill it again, if it was emptied and there is room by now."""
        if self.is_empty:
            self._allocate()

    def _allocate(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, _BYTES)
        except OSError:
            # Part of it may have been taken: it counts as emptied.
            os.ftruncate(descriptor, 0)
            raise
        finally:
            os.close(descriptor)
