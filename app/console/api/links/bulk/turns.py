"""Turns that bulks take: few at once, each with one of the console's threads for as long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import falcon

#: Bulks at work; the console has as many threads more.
MOST_AT_ONCE = 2
_RETRY_AFTER_SECONDS = 10


class Turns:
    """Lets few bulks be at work at the same time."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._taken = 0

    @property
    def are_taken(self) -> bool:
        """Whether a bulk is at work."""
        return self._taken > 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a turn.

        Raises:
            falcon.HTTPServiceUnavailable: all are taken.
        """
        if not self._free.acquire(blocking=False):
            raise falcon.HTTPServiceUnavailable(
                description="Other imports or exports are at work. Ask again in a moment.",
                retry_after=_RETRY_AFTER_SECONDS,
            )
        try:
            self._count(1)
            yield
        finally:
            self._count(-1)
            self._free.release()

    def _count(self, more: int) -> None:
        with self._lock:
            self._taken += more
