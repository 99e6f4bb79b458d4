"""Seconds as live ticks tell of them: what was seen, and how much there was to see."""

import time
from collections.abc import Callable

from app.live.event import Tick
from app.live.sight import Sight, Turn
from app.stores.redis.errors import RedisError


class Every:
    """Tells when something is due again: by the clock, for a turn takes long where Redis is silent.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._at = clock() + seconds

    def is_due(self) -> bool:
        """Tell whether it is; what was missed meanwhile is not made up for."""
        now = self._clock()
        if now < self._at:
            return False
        following = self._at + self._seconds
        self._at = following if following > now else now + self._seconds
        return True


class Second:
    """What was seen since the last tick."""

    def __init__(self) -> None:
        self.is_redis_away = False
        self._read = 0
        self._is_whole = True

    def add(self, turn: Turn) -> None:
        """Count a turn."""
        self.is_redis_away = False
        self._read += turn.read
        self._is_whole &= turn.is_whole

    def tick(self, added: int | None, event_id: str) -> Tick:
        """Return it, and begin the next second."""
        found = Tick(
            time_ms=time.time_ns() // 1_000_000,
            event_id=event_id,
            added=added,
            read=self._read,
            matched=0,
            sent=0,
            is_sampled=not self._is_whole,
            is_redis_away=self.is_redis_away,
        )
        self._read, self._is_whole = 0, True
        return found


class Added:
    """Count of the entries that come into the streams."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._last: int | None = None

    def since_last(self) -> int | None:
        """Return how many came since the last call; None where nobody can tell."""
        last, self._last = self._last, self._now()
        if last is None or self._last is None:
            return None
        return max(0, self._last - last)

    def _now(self) -> int | None:
        try:
            return self._sight.added()
        except RedisError:
            return None
