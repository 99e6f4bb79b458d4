"""When the stream is too full for new clicks; decided without I/O.

The stream's bound trims its oldest entries whether anyone has processed them or not. It can't reach
the backlog (the entries from the oldest unprocessed one to the newest) while that is smaller than
the bound, since ``MAXLEN ~`` keeps at least so many entries.
"""

from dataclasses import dataclass

#: Share of the bound at which new clicks begin to go to the spool. What is left above it takes in
#: what all workers add until they have looked.
_HIGH = 0.8
#: Share below which clicks go to Redis again: far enough down not to change with every look.
_LOW = 0.5
#: Clicks a second of all workers together that can't jump from below the high mark past the bound
#: between two looks, if the bound is 50,000 entries or more.
_BURST_PER_SECOND = 50_000
_SHORTEST_SECONDS = 0.1
_LONGEST_SECONDS = 1.0
#: While clicks are diverted the backlog only shrinks: looked at often enough to be back in time.
_DIVERTING_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Watermarks:
    """The marks of one stream.

    Attributes:
        high: backlog in entries from which on new clicks are diverted.
        low: backlog below which they no longer are.
    """

    high: int
    low: int

    @classmethod
    def of(cls, maxlen: int) -> "Watermarks":
        """Return the marks of a stream that may hold so many entries."""
        return cls(high=int(maxlen * _HIGH), low=max(int(maxlen * _LOW), 1))

    def next_look_seconds(self, backlog: int, *, is_diverting: bool) -> float:
        """Return when to look again: half the time in which a burst would reach the high mark."""
        if is_diverting:
            return _DIVERTING_SECONDS
        seconds = (self.high - backlog) / (2 * _BURST_PER_SECOND)
        return min(max(seconds, _SHORTEST_SECONDS), _LONGEST_SECONDS)

    def diverts(self, backlog: int, growth_per_second: float, *, is_diverting: bool) -> bool:
        """Decide whether new clicks go to the spool until the next look.

        Args:
            backlog: entries, never too few.
            growth_per_second: of the backlog, since the look before; looked ahead with.
            is_diverting: what was decided last.
        """
        if is_diverting:
            return backlog >= self.low
        ahead_seconds = 2 * self.next_look_seconds(backlog, is_diverting=False)
        return backlog + max(growth_per_second, 0.0) * ahead_seconds >= self.high
