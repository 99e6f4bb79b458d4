"""Schedule that says when requests are due: an open loop, whose arrivals wait for no answers."""

from collections.abc import Callable
from random import Random

#: Intensity is taken for constant over so long.
_STEP_SECONDS = 0.05


class Arrivals:
    """Intended starts of one scenario in this process, in order; its users share them.

    A user that is free takes the next start and sleeps until then. When all users still wait for
    answers, a start is taken late, and its latency counts from when it was meant to be.

    Attributes:
        taken: how many were taken.
        is_exhausted: whether someone asked for one more than there are.
    """

    def __init__(
        self,
        rate: Callable[[float], float],
        *,
        begins_at: float,
        seconds: float,
        random: Random,
        poisson: bool,
    ) -> None:
        """Make arrivals of which none is taken.

        Args:
            rate: requests a second at a time in seconds after the beginning.
            begins_at: the beginning, in seconds of the monotonic clock.
            seconds: length of the run.
            poisson: whether gaps are random, as visitors' are; all alike otherwise.
        """
        self._rate = rate
        self._begins_at = begins_at
        self._seconds = seconds
        self._random = random
        self._poisson = poisson
        self._elapsed = 0.0
        self.taken = 0
        self.is_exhausted = False

    @property
    def ends_at(self) -> float:
        """The end of the run, in seconds of the monotonic clock."""
        return self._begins_at + self._seconds

    def take(self) -> float | None:
        """Return the next intended start on the monotonic clock; None when the run is over.

        Non-homogeneous Poisson arrivals by rescaling time: the integral of the rate between two
        of them is exponential (Cox and Lewis, 1966).
        """
        due = self._next()
        if due is None:
            self.is_exhausted = True
            return None
        self.taken += 1
        return due

    def give_up(self) -> int:
        """Count and drop the starts that nobody took."""
        left = 0
        while self._next() is not None:
            left += 1
        return left

    def _next(self) -> float | None:
        gap = self._random.expovariate(1.0) if self._poisson else 1.0
        while self._elapsed < self._seconds:
            rate = self._rate(self._elapsed)
            if rate * _STEP_SECONDS > gap:
                self._elapsed += gap / rate
                return self._begins_at + self._elapsed if self._elapsed < self._seconds else None
            gap -= rate * _STEP_SECONDS
            self._elapsed += _STEP_SECONDS
        return None
