"""Timeout that tells a consumer that hangs from one that works or waits."""

from collections.abc import Callable

from app.config.settings import Settings
from app.stores.clickhouse.connection import longest_call_seconds
from workers.consumer.sink import MOST_WAIT_SECONDS
from workers.process.heartbeat import Heartbeat

#: For the work between two waits, and for a machine that has more to do than it can.
_MARGIN_SECONDS = 5.0
#: For an interpreter to start, import everything and compile what browsers look like.
_BOOT_SECONDS = 60.0
#: Connecting, a lease, a batch record, its commit.
_REDIS_CALLS = 4
#: An insert, a count of what it stored, and an insert of what it didn't: see
#: workers/consumer/sink.py. What a replica takes to catch up is within the margin.
_CLICKHOUSE_CALLS = 3
#: One after an insert that failed, one after a call to Redis that did.
_WAITS = 2


def longest_silence_seconds(heartbeat: Heartbeat, settings: Settings) -> float:
    """Return how long a healthy consumer may go without a beat from where it is now.

    Every wait of a consumer ends by a timeout; this is the sum of those between two beats.
    """
    if not heartbeat.at:
        return _BOOT_SECONDS + _REDIS_CALLS * settings.redis_timeout_seconds
    if heartbeat.is_resting:
        return longest_rest_seconds(settings)
    return longest_work_seconds(settings)


def longest_rest_seconds(settings: Settings) -> float:
    """Return how long a consumer may wait for entries."""
    redis_seconds = _REDIS_CALLS * settings.redis_timeout_seconds
    return settings.block_ms / 1000 + redis_seconds + _MARGIN_SECONDS


def longest_work_seconds(settings: Settings) -> float:
    """Return how long one turn of a consumer's loop may take that does not wait for entries."""
    redis_seconds = _REDIS_CALLS * settings.redis_timeout_seconds
    url, reply_seconds = settings.clickhouse_server, settings.clickhouse_timeout_seconds
    call_seconds = longest_call_seconds(url, reply_seconds)
    clickhouse_seconds = _CLICKHOUSE_CALLS * call_seconds
    return clickhouse_seconds + redis_seconds + _WAITS * MOST_WAIT_SECONDS + _MARGIN_SECONDS


class Liveness:
    """How long a consumer has given no sign of life, counted only while its supervisor was looking.

    A supervisor that was stopped together with its consumers, or got no processor, must not take
    them for hung when it wakes up.

    Args:
        most_seconds: what one look may add.
    """

    def __init__(self, most_seconds: float, clock: Callable[[], float]) -> None:
        self._most_seconds = most_seconds
        self._clock = clock
        self._looked_at = clock()
        self._heard_at = 0.0
        self._seconds = 0.0

    def look(self, heartbeat: Heartbeat) -> float:
        """Return the seconds of silence so far; to be called again and again."""
        now = self._clock()
        passed_seconds = min(now - self._looked_at, self._most_seconds)
        self._looked_at = now
        is_heard = heartbeat.at != self._heard_at
        self._heard_at = heartbeat.at
        self._seconds = 0.0 if is_heard else self._seconds + passed_seconds
        return self._seconds
