"""Backoff that spaces retries, ever farther apart and with jitter."""

import random
from collections.abc import Callable


class Backoff:
    """Growing waits with jitter, so that many processes don't come back at the same moment.

    Args:
        first_seconds: about how long the first wait is.
        most_seconds: the longest wait.
        fraction: returns a number from 0 to 1; the wait is shortened by up to half of itself.
    """

    def __init__(
        self,
        first_seconds: float,
        most_seconds: float,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self._first_seconds = first_seconds
        self._most_seconds = most_seconds
        self._fraction = fraction
        self._next_seconds = first_seconds

    def next_seconds(self) -> float:
        """Return how long to wait now; each call doubles the next answer."""
        seconds = self._next_seconds
        self._next_seconds = min(seconds * 2, self._most_seconds)
        return seconds * (1 - self._fraction() / 2)

    def reset(self) -> None:
        """Start again with the first wait, after something worked."""
        self._next_seconds = self._first_seconds
