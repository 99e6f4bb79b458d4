"""Rate that tells how fast a count grew over the last seconds."""

from collections import deque

#: Over which a rate is taken: longer than the time between two inserts.
WINDOW_SECONDS = 10.0


class Rate:
    """How fast a count grew lately."""

    def __init__(self) -> None:
        self._noted: deque[tuple[float, float]] = deque()

    def note(self, now: float, count: float) -> None:
        """Take the count down; ``now`` is in seconds and never goes back."""
        self._noted.append((now, count))
        # One that is older than the window stays, so that the window is full.
        while len(self._noted) > 2 and self._noted[1][0] <= now - WINDOW_SECONDS:
            self._noted.popleft()

    def per_second(self) -> float:
        """Return by how much the count grew in a second, over the last ten."""
        if len(self._noted) < 2:
            return 0.0
        (first_at, first), (last_at, last) = self._noted[0], self._noted[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0
