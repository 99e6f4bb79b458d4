"""Note that tells of a spool without it: how many clicks waited in it at the last look.

Redirect workers write it beside the spool's directory. If that is deleted while none of them runs,
it says that clicks are lost, and how many; nothing else would.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from app.audit.spool import spool_path

#: More than it ever takes, and written at once, so that nobody reads half of it.
_BYTES = 256


@dataclass(frozen=True, slots=True)
class Noted:
    """What stands in a note.

    Attributes:
        waiting: clicks in the spool at the last look.
        lost: clicks that went with spools which were deleted.
        lost_ms: Unix milliseconds at which the last of these was missed, 0 for never.
    """

    waiting: int = 0
    lost: int = 0
    lost_ms: int = 0


class SpoolNote:
    """The note of one spool. What can't be noted or read is as if nothing had been noted.

    Args:
        directory: of the spool.
        wall_clock: Unix seconds.
    """

    def __init__(self, directory: Path, wall_clock: Callable[[], float] = time.time) -> None:
        self.path = directory.with_name(f"{directory.name}.waiting")
        self._directory = directory
        self._wall_clock = wall_clock

    def write(self, waiting: int) -> None:
        """Note how many clicks wait."""
        with suppress(OSError), self._held(makes=waiting > 0) as descriptor:
            noted = _read(descriptor)
            if noted.waiting != waiting:
                _write(descriptor, replace(noted, waiting=waiting))

    def miss(self) -> int:
        """Return how many clicks waited in a spool that is gone, and note them as lost, once.

        To be called before the spool is opened, which makes a new one.
        """
        with suppress(OSError), self._held(makes=False) as descriptor:
            noted = _read(descriptor)
            if noted.waiting and spool_path(self._directory) is None:
                now_ms = round(self._wall_clock() * 1000)
                _write(descriptor, Noted(0, noted.lost + noted.waiting, now_ms))
                return noted.waiting
        return 0

    def lost(self) -> int:
        """Return how many clicks went with spools that were deleted, be it just now.

        Raises:
            SpoolUnreadable: the spool's directory is closed to us.
        """
        is_gone = spool_path(self._directory) is None
        with suppress(OSError), self.path.open("rb") as file:
            noted = _read(file.fileno())
            return noted.lost + (noted.waiting if is_gone else 0)
        return 0

    @contextmanager
    def _held(self, *, makes: bool) -> Iterator[int]:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if makes else 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def _read(descriptor: int) -> Noted:
    try:
        return Noted(**orjson.loads(os.pread(descriptor, _BYTES, 0)))
    except (ValueError, TypeError):
        return Noted()


def _write(descriptor: int, noted: Noted) -> None:
    os.pwrite(descriptor, orjson.dumps(asdict(noted)).ljust(_BYTES), 0)
