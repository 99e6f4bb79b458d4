"""Gauge that measures how long clicks take from the visit until reports see them."""

import time
from collections import deque
from collections.abc import Callable, Sequence

from app.metrics.workers import WorkerMetrics

#: How far back the gauge looks, and in which steps it forgets.
WINDOW_SECONDS = 300.0
_STEP_SECONDS = 10.0


class Freshness:
    """Measures how long clicks take from the visit until reports can see them.

    A click counts when ClickHouse has confirmed its insert, which is when it can be queried; the
    visit's time is the one in its id.

    Args:
        clock: monotonic seconds.
        wall_clock: Unix seconds.
    """

    def __init__(
        self,
        metrics: WorkerMetrics,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._ages = metrics.click_age
        self._clock = clock
        self._wall_clock = wall_clock
        #: What had been counted at some moments, so that what came since can be told.
        self._before = deque([(clock(), list(self._ages.counts))])
        metrics.freshness_p50.set_function(lambda: self.age_seconds(0.5))
        metrics.freshness_p99.set_function(lambda: self.age_seconds(0.99))

    def note(self, times_ms: Sequence[int]) -> None:
        """Count clicks, by the times of their visits in Unix milliseconds, that are stored now."""
        self._roll()
        now = self._wall_clock()
        self._ages.observe_all([now - time_ms / 1000 for time_ms in times_ms])

    def age_seconds(self, share: float) -> float:
        """Return the age under which a share of the last minutes' clicks stayed, 0 without any.

        It is a bucket's edge, so it may be somewhat more; infinity past the last edge.
        """
        self._roll()
        counts = [
            now - before for now, before in zip(self._ages.counts, self._before[0][1], strict=True)
        ]
        wanted = sum(counts) * share
        if not wanted:
            return 0.0
        for edge, count in zip((*self._ages.edges, float("inf")), counts, strict=True):
            wanted -= count
            if wanted <= 0:
                return edge
        return float("inf")

    def _roll(self) -> None:
        now = self._clock()
        if now - self._before[-1][0] >= _STEP_SECONDS:
            self._before.append((now, list(self._ages.counts)))
        while len(self._before) > 1 and self._before[1][0] <= now - WINDOW_SECONDS:
            self._before.popleft()
