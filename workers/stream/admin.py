"""Commands that one consumer at a time gives to stream and group for all of them."""

from typing import NamedTuple

from app.metrics.workers import WorkerMetrics
from app.stores.redis.connection import RedisConnection
from app.stores.redis.memory import Memory
from app.stores.scripts import script
from workers.stream.names import Names

#: A Unix time in milliseconds later than that of any entry.
_END_MS = 1 << 52


class ConsumerInfo(NamedTuple):
    """A consumer of the group.

    Attributes:
        pending: how many entries it has read and not acked.
        idle_ms: milliseconds since it last asked for entries, or (before Redis 7.2) got some.
    """

    name: str
    pending: int
    idle_ms: int


class StreamAdmin:
    """What is done to stream and group by one consumer at a time, and counted once.

    Every method raises what :class:`RedisConnection` raises.
    """

    def __init__(self, connection: RedisConnection, names: Names, metrics: WorkerMetrics) -> None:
        self._connection = connection
        self._names = names
        self._metrics = metrics
        self._lock = script("workers.stream", "lock")
        self._trim = script("workers.stream", "trim")

    def try_lock(self, for_ms: int) -> bool:
        """Take the lock of maintenance for so long; False while another consumer holds it."""
        names = self._names
        command = ("EVAL", self._lock, 1, names.maintenance_lock)
        return bool(self._connection.call(*command, names.consumer, for_ms))

    def consumers(self) -> list[ConsumerInfo]:
        """Return the group's consumers."""
        reply = self._connection.call("XINFO", "CONSUMERS", self._names.stream, self._names.group)
        return [ConsumerInfo(one[b"name"].decode(), one[b"pending"], one[b"idle"]) for one in reply]

    def trim(self, before_ms: int) -> int:
        """Trim some finished entries older than a Unix time; return how many went, at last 0."""
        names = self._names
        trimmed: int = self._connection.call(
            "EVAL", self._trim, 1, names.stream, before_ms, names.webhook_group
        )
        self._metrics.entries_trimmed.inc(trimmed)
        return trimmed

    def trim_early(self) -> int:
        """Trim some of the oldest finished entries of any age; return how many went, at last 0."""
        trimmed = self.trim(_END_MS)
        self._metrics.entries_trimmed_early.inc(trimmed)
        return trimmed

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds by Redis' clock."""
        seconds, microseconds = map(int, self._connection.call("TIME"))
        return seconds * 1000 + microseconds // 1000

    def memory(self) -> Memory:
        """Return how full Redis is."""
        return Memory.of(self.info("memory"))

    def info(self, *sections: str) -> dict[str, str]:
        """Return what INFO says, by field."""
        lines = self._connection.call("INFO", *sections).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)
