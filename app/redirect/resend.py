"""The last seconds of confirmed clicks, kept because Redis may yet lose them.

With AOF everysec Redis confirms a click up to a second (two, while its disk is slow) before it is
on disk, and a replica may be as far behind. When another server process answers, what was confirmed
shortly before is sent again; duplicates carry the same click id and collapse.
"""

import time
from collections import deque
from collections.abc import Callable

#: Some 24,000 clicks of browsers: at the highest rates measured, those of half a second.
_LIMIT_BYTES = 16 << 20
#: Clicks of so short a time share one entry of the ring, which costs a third less memory.
_SLICE_SECONDS = 0.05


class ResendRing:
    """The XADDs of the last seconds' confirmed clicks, bounded in bytes as well.

    At rates that fill it earlier than its time span, it covers less time.
    """

    def __init__(
        self,
        seconds: float,
        limit_bytes: int = _LIMIT_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._slices: deque[_Slice] = deque()
        self._youngest = _Slice(-1.0)
        self._held_bytes = 0

    def __len__(self) -> int:
        return sum(len(each.commands) for each in self._slices)

    def add(self, command: bytes) -> None:
        """Keep a click that Redis has just confirmed."""
        now = self._clock()
        if now >= self._youngest.ends_at:
            self._begin_slice(now)
        self._youngest.commands.append(command)
        self._held_bytes += len(command)
        if self._held_bytes > self._limit_bytes:
            self._drop_oldest()

    def take(self) -> list[bytes]:
        """Return the XADDs of the clicks that are young enough, in order, and keep none."""
        self._drop_old(self._clock())
        taken = [command for each in self._slices for command in each.commands]
        self._slices.clear()
        self._youngest = _Slice(-1.0)
        self._held_bytes = 0
        return taken

    def _begin_slice(self, now: float) -> None:
        self._drop_old(now)
        self._youngest = _Slice(now + _SLICE_SECONDS)
        self._slices.append(self._youngest)

    def _drop_old(self, now: float) -> None:
        while self._slices and self._slices[0].ends_at + self._seconds < now:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = self._slices.popleft()
        self._held_bytes -= sum(map(len, oldest.commands))
        if oldest is self._youngest:
            self._youngest = _Slice(-1.0)


class _Slice:
    """Clicks confirmed before a moment of the monotonic clock."""

    __slots__ = ("commands", "ends_at")

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self.commands: list[bytes] = []
