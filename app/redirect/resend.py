"""The last seconds of confirmed clicks, kept because Redis may yet lose them.

With AOF everysec Redis confirms a click up to a second (two, while its disk is slow) before it is
on disk, and a replica may be as far behind. When another server process answers, what was confirmed
shortly before is sent again; duplicates carry the same click id and collapse.

Rule: age counts up to the last reply of the server that may have lost something. How long it then
      is away, a second or a day, makes no click too old.
"""

import time
from array import array
from collections import deque
from collections.abc import Callable

import lz4.block

from app.redirect.entry import click_id_of
from app.redirect.spool_rows import Row

#: Clicks of browsers come to some 600 bytes. Beyond the first bound, about 28,000 of them, older
#: ones are compressed, to a quarter or so; all that is kept never takes more than the second.
_LOOSE_BYTES = 16 << 20
RING_BYTES = 64 << 20
#: Clicks of so short a time, and so few, share one entry of the ring: it costs a third less memory,
#: and one slice is what is compressed or sent again in one turn of the event loop.
_SLICE_SECONDS = 0.05
_SLICE_BYTES = 64 << 10

OnShort = Callable[[int, float], None]


class ResendRing:
    """The XADDs of the last seconds' confirmed clicks, bounded in bytes as well."""

    def __init__(
        self,
        seconds: float,
        on_short: OnShort = lambda _count, _seconds: None,
        *,
        loose_bytes: int = _LOOSE_BYTES,
        limit_bytes: int = RING_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an empty ring.

        Args:
            seconds: time that it has to cover.
            on_short: told how many clicks it let go for want of memory though they were younger,
                and how many seconds it still covers.
            loose_bytes: most bytes of clicks that are not compressed.
            limit_bytes: most bytes of all clicks.
            clock: the one that the pipeline's ``heard_at`` goes by.
        """
        self._seconds = seconds
        self._on_short = on_short
        self._loose_limit = loose_bytes
        self._limit = limit_bytes
        self._clock = clock
        self._packed: deque[Slice] = deque()
        self._loose: deque[Slice] = deque()
        self._packed_bytes = 0
        self._loose_bytes = 0
        self._clear_youngest()

    def __len__(self) -> int:
        return sum(map(len, (*self._packed, *self._loose))) + len(self._youngest)

    def add(self, command: bytes) -> None:
        """Keep a click that Redis has just confirmed."""
        now = self._clock()
        self._room -= len(command)
        if self._room < 0 or now >= self._ends_at:
            self._begin_slice(now)
            self._room -= len(command)
        self._youngest.append(command)

    def take(self, heard_at: float) -> "list[Slice]":
        """Return the clicks that may be lost, in order, and keep none.

        Args:
            heard_at: when the server that confirmed them gave its last reply.
        """
        self._close_slice()
        self._drop_old(heard_at)
        taken = [*self._packed, *self._loose]
        self._packed.clear()
        self._loose.clear()
        self._packed_bytes = self._loose_bytes = 0
        self._clear_youngest()
        return taken

    def _clear_youngest(self) -> None:
        self._youngest: list[bytes] = []
        self._ends_at = -1.0
        self._room = 0

    def _begin_slice(self, now: float) -> None:
        self._close_slice()
        self._drop_old(now)
        self._keep_bounds(now)
        self._youngest = []
        self._ends_at = now + _SLICE_SECONDS
        self._room = _SLICE_BYTES

    def _close_slice(self) -> None:
        if self._youngest:
            closed = Slice(self._ends_at, self._youngest)
            self._loose.append(closed)
            self._loose_bytes += closed.size

    def _keep_bounds(self, now: float) -> None:
        while self._loose_bytes > self._loose_limit:
            oldest = self._loose.popleft()
            self._loose_bytes -= oldest.size
            oldest.pack()
            self._packed.append(oldest)
            self._packed_bytes += oldest.size
        while self._packed_bytes + self._loose_bytes > self._limit:
            dropped = self._drop_oldest()
            self._on_short(len(dropped), max(now - dropped.ends_at, 0.0))

    def _drop_old(self, now: float) -> None:
        until = now - self._seconds
        while self._packed and self._packed[0].ends_at < until:
            self._drop_oldest()
        while not self._packed and self._loose and self._loose[0].ends_at < until:
            self._drop_oldest()

    def _drop_oldest(self) -> "Slice":
        if self._packed:
            oldest = self._packed.popleft()
            self._packed_bytes -= oldest.size
        else:
            oldest = self._loose.popleft()
            self._loose_bytes -= oldest.size
        return oldest


class Slice:
    """Clicks confirmed before a moment of the monotonic clock.

    Attributes:
        size: bytes of memory that they take.
    """

    __slots__ = ("_commands", "_lengths", "_packed", "ends_at", "size")

    def __init__(self, ends_at: float, commands: list[bytes]) -> None:
        self.ends_at = ends_at
        self.size = sum(map(len, commands))
        self._commands = commands
        self._lengths = array("I")
        self._packed = b""

    def __len__(self) -> int:
        return len(self._commands) or len(self._lengths)

    def pack(self) -> None:
        """Compress them: a quarter of a millisecond."""
        self._lengths = array("I", map(len, self._commands))
        self._packed = lz4.block.compress(b"".join(self._commands))
        self._commands = []
        self.size = len(self._packed) + len(self._lengths) * self._lengths.itemsize

    def commands(self) -> list[bytes]:
        """Return their XADDs, in order."""
        if not self._packed:
            return self._commands
        whole, start, found = lz4.block.decompress(self._packed), 0, []
        for length in self._lengths:
            found.append(whole[start : start + length])
            start += length
        return found

    def rows(self) -> list[Row]:
        """Return what the spool keeps of them."""
        return [(click_id_of(command), command) for command in self.commands()]
