"""Limiter that tells how many requests a caller has left, over all processes of the console.

Rule 1: a window is fixed, and begins with a caller's first request. Until it ends nobody gets more
        than is left, which is what the headers say.
Rule 2: Redis is told at most every tenth of a second what came, and by every request once little is
        left. So many processes may let through, in all, what comes within that tenth.
Rule 3: Redis away, each process counts for itself.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.config.settings import Settings
from app.console.rates.counter import SharedCounter
from app.logs.throttle import ThrottledLog
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

PolicyName = Literal["reads", "writes", "reports"]

WINDOW_SECONDS = 60
_TELL_SECONDS = 0.1
#: How long Redis is left alone that didn't answer.
_AWAY_SECONDS = 1.0
#: Requests that are little to be left, or a tenth of the quota.
_LITTLE = 100
#: Windows remembered at once; more than there are keys.
_MOST = 10_000


def quotas(settings: Settings) -> dict[PolicyName, int]:
    """Return how many requests each policy gives a caller within a window."""
    return {
        "reads": settings.console_reads_per_minute,
        "writes": settings.console_writes_per_minute,
        "reports": settings.console_reports_per_minute,
    }


@dataclass(frozen=True, slots=True)
class Limit:
    """What a caller may still ask.

    Attributes:
        policy: by which it was counted.
        left: requests until the window ends.
        ends_seconds: until then, rounded up.
        is_exceeded: whether this request is one too many.
    """

    policy: PolicyName
    left: int
    ends_seconds: int
    is_exceeded: bool


@dataclass(slots=True)
class _Window:
    """What came within a window: told to Redis, or heard from it, and not told yet."""

    ends_at: float
    tell_at: float
    counted: int = 0
    untold: int = 0

    @property
    def used(self) -> int:
        return self.counted + self.untold


class RateLimiter:
    """Counts requests by policy and caller; any thread may ask.

    Args:
        counter: of all processes.
        quotas: requests within a window, by policy.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        counter: SharedCounter,
        quotas: Mapping[PolicyName, int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.quotas = quotas
        self._counter = counter
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[tuple[PolicyName, str], _Window] = {}
        self._away_until = -math.inf
        self._throttled = ThrottledLog(logger)

    def take(self, policy: PolicyName, caller: str) -> Limit:
        """Count a request, and tell what is left after it.

        Args:
            caller: the key's id.
        """
        now, quota = self._clock(), self.quotas[policy]
        with self._lock:
            window = self._window(policy, caller, now)
            window.untold += 1
            untold = self._to_tell(window, quota, now)
        if untold:
            self._tell(policy, caller, window, untold)
        used = window.used
        ends_seconds = min(max(1, math.ceil(window.ends_at - now)), WINDOW_SECONDS)
        return Limit(policy, max(0, quota - used), ends_seconds, is_exceeded=used > quota)

    def _window(self, policy: PolicyName, caller: str, now: float) -> _Window:
        """Return the window of a caller, a new one where the last is over."""
        window = self._windows.get((policy, caller))
        if window is None or window.ends_at <= now:
            if len(self._windows) >= _MOST:
                self._windows.clear()
            window = self._windows[policy, caller] = _Window(now + WINDOW_SECONDS, tell_at=now)
        return window

    def _to_tell(self, window: _Window, quota: int, now: float) -> int:
        """Return how many requests Redis has to hear of now, and take them for told."""
        if now < self._away_until or window.counted > quota:
            return 0
        if now < window.tell_at and quota - window.used >= max(_LITTLE, quota // 10):
            return 0
        untold, window.untold = window.untold, 0
        window.counted += untold
        window.tell_at = now + _TELL_SECONDS
        return untold

    def _tell(self, policy: PolicyName, caller: str, window: _Window, untold: int) -> None:
        try:
            count, left_ms = self._counter.add(policy, caller, untold, WINDOW_SECONDS)
        except RedisError as error:
            self._throttled.warning("away", "Requests are counted by each process: %s", error)
            with self._lock:
                self._away_until = self._clock() + _AWAY_SECONDS
                window.counted -= untold
                window.untold += untold
            return
        ends_at = self._clock() + left_ms / 1000
        with self._lock:
            # Answers may overtake each other. The window of Redis may have ended before ours.
            is_another = ends_at > window.ends_at + 1 and count <= untold
            window.counted = count if is_another else max(window.counted, count)
            window.ends_at = ends_at
