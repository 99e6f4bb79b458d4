"""Retransmission buffer that keeps the last confirmed clicks, because Redis may yet lose them.

With AOF everysec Redis confirms a click up to a second (two, while its disk is slow) before it is
on disk, and a replica may be as far behind. When another server process answers, what was confirmed
shortly before is sent again; duplicates carry the same click id and collapse.

Rule 1: age counts up to the last reply of the server that may have lost something. How long it then
        is away, a second or a day, makes no click too old.
Rule 2: what is kept is what was written to the socket, whole writes as they were. So keeping costs
        next to nothing a click; what else was written is left out when they are taken. A click that
        Redis refused may be among them: it is in the spool as well, under the same id.
Rule 3: they are compressed while the event loop has nothing else to do, or for want of memory; a
        worker that is as busy as it can be has no time for that.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

import lz4.block

from app.redirect.redis.resp import split_commands
from app.redirect.spool.rows import Row
from app.redirect.visits.xadd_encoder import click_id_of, is_click

#: Those of browsers come to some 500 bytes a click, compressed to a tenth or a quarter of that.
RETRANSMIT_BUFFER_BYTES = 64 << 20
#: As long as no more than this is kept as it was, there is no need to compress any.
_RAW_BYTES = 4 << 20
#: Clicks of so short a time, and so few, are compressed together, and sent again in one tick of the
#: event loop. A write is never divided.
_SEGMENT_SECONDS = 0.05
_SEGMENT_BYTES = 64 << 10

#: For a write: an object and its place in a list.
_WRITE_BYTES = 41

OnShort = Callable[[int, float], None]


class IdleWatcher(Protocol):
    """Watcher that runs a callback whenever the event loop has nothing else to do."""

    active: bool

    def start(self, callback: Callable[[], None]) -> None:
        """Begin to run it."""

    def stop(self) -> None:
        """Run it no more."""


class ConfirmedClicks(Protocol):
    """Keeps what was confirmed last; :class:`RetransmitBuffer` does, of one server."""

    def take(self, heard_at: float) -> "list[Segment]":
        """Return the clicks that may be lost, and keep none; see :meth:`RetransmitBuffer.take`."""
        ...


class RetransmitBuffer:
    """The XADDs of the last seconds' confirmed clicks, bounded in bytes as well.

    Attributes:
        held_bytes: memory for all but the youngest.
    """

    def __init__(
        self,
        seconds: float,
        on_short: OnShort = lambda _count, _seconds: None,
        *,
        idle: IdleWatcher | None = None,
        limit_bytes: int = RETRANSMIT_BUFFER_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an empty buffer.

        Args:
            seconds: time that it has to cover.
            on_short: told how many clicks it let go for want of memory though they were younger,
                and how many seconds it still covers.
            idle: tells when there is time to compress; without, only want of memory does.
            limit_bytes: most bytes of memory for all clicks.
            clock: the one that the pipeline's ``heard_at`` goes by.
        """
        self._seconds = seconds
        self._on_short = on_short
        self._idle = idle
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._segments: deque[Segment] = deque()
        # Those of them that are not compressed.
        self._raw: deque[Segment] = deque()
        self.held_bytes = self._raw_bytes = 0
        self._begin_youngest(-1.0)

    def add(self, commands: bytes, count: int) -> None:
        """Keep what one write sent and Redis has just answered.

        Args:
            commands: clicks, and whatever else was sent with them.
            count: of commands.
        """
        now = self._clock()
        self._room_bytes -= len(commands)
        if self._room_bytes < 0 or now >= self._ends_at:
            self._close_youngest()
            self._drop_old(now)
            self._keep_bound(now)
            self._begin_youngest(now + _SEGMENT_SECONDS)
            self._room_bytes -= len(commands)
        self._writes.append(commands)
        self._count += count

    def take(self, heard_at: float) -> "list[Segment]":
        """Return the clicks that may be lost, in order, and keep none.

        Args:
            heard_at: when the server that confirmed them gave its last reply.
        """
        self._close_youngest()
        self._drop_old(heard_at)
        self._keep_bound(heard_at)
        taken = list(self._segments)
        self._segments.clear()
        self._raw.clear()
        self.held_bytes = self._raw_bytes = 0
        self._begin_youngest(-1.0)
        return taken

    def _begin_youngest(self, ends_at: float) -> None:
        self._ends_at = ends_at
        self._room_bytes = _SEGMENT_BYTES
        self._writes: list[bytes] = []
        self._count = 0

    def _close_youngest(self) -> None:
        if not self._writes:
            return
        closed = Segment(self._ends_at, self._writes, self._count)
        self._segments.append(closed)
        self._raw.append(closed)
        self.held_bytes += closed.size_bytes
        self._raw_bytes += closed.size_bytes
        if self._raw_bytes > _RAW_BYTES and self._idle and not self._idle.active:
            self._idle.start(self._pack_at_leisure)

    def _pack_at_leisure(self) -> None:
        if self._raw_bytes > _RAW_BYTES:
            self._pack_one()
        elif self._idle:
            self._idle.stop()

    def _pack_one(self) -> None:
        """Compress the youngest that isn't, as it will stay for longest."""
        segment = self._raw.pop()
        self._raw_bytes -= segment.size_bytes
        self.held_bytes -= segment.size_bytes
        segment.pack()
        self.held_bytes += segment.size_bytes

    def _keep_bound(self, now: float) -> None:
        while self.held_bytes > self._limit_bytes:
            if self._raw:
                self._pack_one()
                continue
            dropped = self._drop_oldest()
            self._on_short(dropped.count(), max(now - dropped.ends_at, 0.0))

    def _drop_old(self, now: float) -> None:
        until = now - self._seconds
        while self._segments and self._segments[0].ends_at < until:
            self._drop_oldest()

    def _drop_oldest(self) -> "Segment":
        oldest = self._segments.popleft()
        self.held_bytes -= oldest.size_bytes
        if self._raw and self._raw[0] is oldest:
            self._raw.popleft()
            self._raw_bytes -= oldest.size_bytes
        return oldest


class Segment:
    """Commands answered before a moment of the monotonic clock, of which the clicks matter.

    Attributes:
        command_count: how many clicks there are at most: other commands are among them.
        size_bytes: of memory that they take.
    """

    __slots__ = ("_count", "_packed", "_writes", "command_count", "ends_at", "size_bytes")

    def __init__(self, ends_at: float, writes: list[bytes], command_count: int) -> None:
        """Keep them as they are.

        Args:
            writes: whole commands, one or more in each.
            command_count: how many there are in all.
        """
        self.ends_at = ends_at
        self._writes = writes
        self.command_count = command_count
        self._packed = b""
        self.size_bytes = sum(map(len, writes)) + _WRITE_BYTES * len(writes)
        self._count: int | None = None

    def pack(self) -> None:
        """Compress them: some ten microseconds for the 64 KiB that a segment usually has."""
        self._packed = lz4.block.compress(b"".join(self._writes))
        self._writes = []
        self.size_bytes = len(self._packed) + _WRITE_BYTES

    def count(self) -> int:
        """Return how many clicks there are; the first time, this is to read them all."""
        if self._count is None:
            self._count = sum(1 for _ in self.clicks())
        return self._count

    def clicks(self) -> Iterator[bytes]:
        """Return the XADDs of the clicks, in order."""
        commands = lz4.block.decompress(self._packed) if self._packed else b"".join(self._writes)
        return filter(is_click, split_commands(commands))

    def rows(self) -> list[Row]:
        """Return what the spool keeps of them."""
        found = [(click_id_of(command), command) for command in self.clicks()]
        self._count = len(found)
        return found
