"""Intervals of time, and what falls into them."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple


class Interval(NamedTuple):
    """From one moment to another, in Unix milliseconds."""

    from_ms: int
    to_ms: int


class Intervals:
    """Intervals, joined where they overlap."""

    def __init__(self, intervals: Iterable[tuple[int, int]]) -> None:
        joined: list[Interval] = []
        for from_ms, to_ms in sorted(intervals):
            if joined and from_ms <= joined[-1].to_ms:
                joined[-1] = Interval(joined[-1].from_ms, max(joined[-1].to_ms, to_ms))
            else:
                joined.append(Interval(from_ms, to_ms))
        self._joined = joined

    def meet(self, from_ms: int, to_ms: int) -> bool:
        """Tell whether any of them has a moment in common with this one."""
        return any(one.to_ms >= from_ms for one in self._near(from_ms, to_ms))

    def covered_ms(self, from_ms: int, to_ms: int) -> int:
        """Return how much of this one they cover."""
        return sum(
            max(0, min(to_ms, one.to_ms) - max(from_ms, one.from_ms))
            for one in self._near(from_ms, to_ms)
        )

    def _near(self, from_ms: int, to_ms: int) -> list[Interval]:
        last = bisect_right(self._joined, to_ms, key=lambda one: one.from_ms)
        first = max(0, bisect_right(self._joined, from_ms, key=lambda one: one.from_ms) - 1)
        return self._joined[first:last]
