"""Circuit breaker that stops a consumer when too many clicks fail unexpectedly."""

import logging
from collections import deque
from collections.abc import Callable

from app.metrics.workers import WorkerMetrics

logger = logging.getLogger(__name__)

#: Verdicts that are looked back upon.
WINDOW = 100
#: How long nothing is read once too much has died.
COOL_DOWN_SECONDS = 60.0
#: After a cool-down, how many may die before the next one if nothing else has got better.
_PROBES = 10


class Breaker:
    """Stops the dying when too many clicks fail unexpectedly: then it is our fault, not theirs.

    A new version with an error, or a table that takes no row, would else drain the whole stream
    into the dead letters. Entries that are no clicks don't count: however many somebody sends, it
    says nothing about us, and the good clicks beside them must flow.

    After a cool-down some more may die, to find out whether things have got better; a restart of
    the consumers with a mended version begins anew.

    Args:
        share: of the last 100 clicks; when more of them failed, no more may die.
        clock: monotonic seconds.
    """

    def __init__(self, share: float, metrics: WorkerMetrics, clock: Callable[[], float]) -> None:
        self._most = share * WINDOW
        self._metrics = metrics
        self._clock = clock
        self._failures = deque([False] * WINDOW, WINDOW)
        self._open_until: float | None = None

    def note_good(self, count: int) -> None:
        """Note clicks that became rows."""
        self._failures.extend([False] * min(count, WINDOW))

    def admits(self) -> bool:
        """Note a click that failed unexpectedly; tell whether it may be a dead letter."""
        if self.is_open():
            return False
        self._failures.append(True)
        failed = sum(self._failures)
        if failed <= self._most:
            return True
        self._open_until = self._clock() + COOL_DOWN_SECONDS
        self._failures.extend([False] * WINDOW)
        self._failures.extend([True] * (int(self._most) - _PROBES))
        self._metrics.breaker_open.set(1)
        logger.error(
            "%d of the last %d clicks failed: stopping for %.0f s, for this must be our fault",
            failed,
            WINDOW,
            COOL_DOWN_SECONDS,
        )
        return False

    def is_open(self) -> bool:
        """Tell whether to leave everything where it is for now."""
        if self._open_until is not None and self._clock() >= self._open_until:
            self._open_until = None
            self._metrics.breaker_open.set(0)
        return self._open_until is not None

    def seconds_left(self) -> float:
        """Return how much of the cool-down is left; 0 if there is none."""
        return max((self._open_until or 0.0) - self._clock(), 0.0)
