"""Watermarks that tell when stream or Redis' memory are too full for new clicks, without I/O.

The stream's bound trims its oldest entries whether anyone has processed them or not. It can't reach
the backlog (the entries from the oldest unprocessed one to the newest) while that is smaller than
the bound, since ``MAXLEN ~`` keeps at least so many entries.

Memory is filled by finished entries as well, and by whatever else Redis holds. Full, Redis would
refuse everybody's writes, see :mod:`app.stores.redis.memory`.
"""

from dataclasses import dataclass

from app.stores.redis.memory import DIVERT_FROM, DIVERT_TO

#: Share of the bound at which new clicks begin to go to the spool. What is left above it takes in
#: what all workers add until they have looked.
_HIGH = 0.8
#: Share below which clicks go to Redis again: far enough down not to change with every look.
_LOW = 0.5
#: Clicks a second of all workers together that can't jump from below the high mark past the bound
#: between two looks, if the bound is 50,000 entries or more.
_BURST_PER_SECOND = 50_000
#: What these take of Redis' memory if they are a browser's, twice over; marks of 500 MB keep up.
_BURST_BYTES_PER_SECOND = 50_000_000
#: Where there is no bound, nothing comes near it.
_UNBOUNDED = 1 << 62
_SHORTEST_SECONDS = 0.1
_LONGEST_SECONDS = 1.0
#: While clicks are diverted the backlog only shrinks: looked at often enough to be back in time.
_DIVERTING_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Watermarks:
    """The marks of one quantity: of the backlog in entries, or of memory in bytes.

    Attributes:
        high: from which on new clicks are diverted.
        low: below which they no longer are.
        burst_per_second: by which it may grow without passing the bound between two looks.
    """

    high: int
    low: int
    burst_per_second: int = _BURST_PER_SECOND

    @classmethod
    def of(cls, maxlen: int) -> "Watermarks":
        """Return the marks of a stream that may hold so many entries."""
        return cls(high=int(maxlen * _HIGH), low=max(int(maxlen * _LOW), 1))

    @classmethod
    def of_memory(cls, limit_bytes: int) -> "Watermarks":
        """Return the marks of a server's ``maxmemory``; 0 is no bound."""
        limit = limit_bytes or _UNBOUNDED
        return cls(int(limit * DIVERT_FROM), int(limit * DIVERT_TO), _BURST_BYTES_PER_SECOND)

    def next_look_seconds(self, backlog: int, *, is_diverting: bool) -> float:
        """Return when to look again: half the time in which a burst would reach the high mark."""
        if is_diverting:
            return _DIVERTING_SECONDS
        seconds = (self.high - backlog) / (2 * self.burst_per_second)
        return min(max(seconds, _SHORTEST_SECONDS), _LONGEST_SECONDS)

    def diverts(self, backlog: int, growth_per_second: float, *, is_diverting: bool) -> bool:
        """Decide whether new clicks go to the spool until the next look.

        Args:
            backlog: the quantity, never too small.
            growth_per_second: of it, since the look before; looked ahead with.
            is_diverting: what was decided last.
        """
        if is_diverting:
            return backlog >= self.low
        ahead_seconds = 2 * self.next_look_seconds(backlog, is_diverting=False)
        return backlog + max(growth_per_second, 0.0) * ahead_seconds >= self.high


class Level:
    """A quantity that is looked at now and then, and whether it diverts new clicks.

    Attributes:
        marks: what it is judged by; may be replaced.
        diverts: as decided at the last look.
    """

    def __init__(self, marks: Watermarks) -> None:
        self.marks = marks
        self.diverts = False
        self._seen = 0
        self._seen_at: float | None = None

    def note(self, seen: int, now: float) -> None:
        """Decide anew by what was just seen, at a time in monotonic seconds."""
        elapsed = now - self._seen_at if self._seen_at is not None else 0.0
        growth = (seen - self._seen) / elapsed if elapsed > 0 else 0.0
        self._seen, self._seen_at = seen, now
        self.diverts = self.marks.diverts(seen, growth, is_diverting=self.diverts)

    def next_look_seconds(self) -> float:
        """Return when to look again."""
        return self.marks.next_look_seconds(self._seen, is_diverting=self.diverts)
