"""Gauges that look at Redis when somebody asks the supervisor for its metrics."""

import logging
import threading
import time
from collections.abc import Callable
from math import nan
from typing import Any

from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.health.redis.stream import StreamNames, read_backlog
from app.logs.throttle import OutageLog
from app.metrics.workers import StoreMetrics
from app.stores.keys import aof_rewrite_key
from app.stores.redis.aof_rewrite import FIELDS, Noted
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated

logger = logging.getLogger(__name__)

#: Redis is looked at no more often, however many ask.
_FRESH_SECONDS = 1.0


class Stores:
    """Looks at Redis: once for the workers of a host, and not once for each consumer."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = settings.redis_url
        self._names = StreamNames.of(settings)
        self._client = connect(self._url, timeout_seconds=settings.redis_timeout_seconds)
        self._rewrites = settings.aof_rewrite
        self._rewrite_key = aof_rewrite_key(settings.stream, settings.group)
        self._clock = clock
        self._looked_at = -_FRESH_SECONDS
        self._lock = threading.Lock()
        self._outage = OutageLog(logger, "Redis can't be looked at for the metrics: %s", RedisError)
        self._registry = CollectorRegistry()
        self._metrics = StoreMetrics(self._registry)

    def look(self) -> CollectorRegistry:
        """Return the metrics, at most a second old; waits for Redis within its timeout."""
        with self._lock:
            if self._clock() - self._looked_at >= _FRESH_SECONDS:
                self._forget()
                with self._outage.attempt():
                    self._look_at_stream()
                    self._look_at_server()
                self._looked_at = self._clock()
        return self._registry

    def _look_at_stream(self) -> None:
        metrics = self._metrics
        backlog = read_backlog(self._client, self._url, self._names)
        with translated(self._url):
            metrics.stream_entries.set(self._client.xlen(self._names.stream))
            metrics.stream_reaches_seconds.set(self._reach_seconds())
            metrics.dead_letters_kept.set(self._client.xlen(self._names.dead_stream))
        metrics.redis_up.set(1)
        if backlog is not None:
            metrics.group_unread.set(nan if backlog.unread is None else backlog.unread)
            metrics.group_pending.set(backlog.pending)
            metrics.oldest_entry_seconds.set(backlog.oldest_seconds or 0.0)

    def _reach_seconds(self) -> float:
        oldest: Any = self._client.xrange(self._names.stream, count=1)
        if not oldest:
            return 0.0
        added_ms = int(oldest[0][0].partition(b"-")[0])
        return max(0.0, self._client.time()[0] - added_ms / 1000)

    def _look_at_server(self) -> None:
        with translated(self._url):
            memory = self._client.info("memory")
            persistence = self._client.info("persistence")
            rewrites: Any = self._client.hmget(self._rewrite_key, FIELDS)
        metrics = self._metrics
        metrics.redis_memory_bytes.set(memory["used_memory"])
        limit = memory["maxmemory"] or memory.get("total_system_memory", nan)
        metrics.redis_memory_limit_bytes.set(limit)
        metrics.redis_aof_enabled.set(persistence["aof_enabled"])
        metrics.redis_aof_well.set(persistence["aof_last_write_status"] == "ok")
        if persistence["aof_enabled"] and self._rewrites:
            metrics.redis_aof_rewrite_well.set(persistence["aof_last_bgrewrite_status"] == "ok")
            metrics.redis_aof_rewritten_seconds.set(Noted.of(rewrites).done_ms / 1000)

    def _forget(self) -> None:
        for gauge in vars(self._metrics).values():
            gauge.set(nan)
        self._metrics.redis_up.set(0)
        self._metrics.stream_maxlen.set(self._names.maxlen)
