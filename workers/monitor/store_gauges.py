"""Gauges that look at Redis when somebody asks the supervisor for its metrics."""

import logging
import threading
import time
from collections.abc import Callable
from math import nan
from typing import Any, cast

from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.config.shards import further_shards, shards_of
from app.health.redis.stream import Backlog, StreamNames, added_up, read_backlog
from app.health.worker_status import WorkerStates, readers
from app.logs.throttle import OutageLog
from app.metrics.workers import UNSHARDED, ShardMetrics, StoreMetrics
from app.stores.keys import aof_rewrite_key
from app.stores.redis.aof_rewrite import FIELDS, Noted
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated
from app.stores.shards import shard_tag

logger = logging.getLogger(__name__)

#: Redis is looked at no more often, however many ask.
_FRESH_SECONDS = 1.0


class Stores:
    """Looks at Redis: once for the workers of a host, and not once for each consumer."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = settings.redis_url
        self._names = StreamNames.of(settings)
        self._shards = [StreamNames.of(shard) for shard in shards_of(settings)]
        self._further = [shard.stream for shard in further_shards(settings)]
        self._client = connect(self._url, timeout_seconds=settings.redis_timeout_seconds)
        self._rewrites = settings.aof_rewrite
        self._rewrite_key = aof_rewrite_key(settings.stream, settings.group)
        self._clock = clock
        self._looked_at = -_FRESH_SECONDS
        self._lock = threading.Lock()
        self._outage = OutageLog(logger, "Redis can't be looked at for the metrics: %s", RedisError)
        self._registry = CollectorRegistry()
        self._metrics = StoreMetrics(self._registry)
        self._of_shards = ShardMetrics(self._registry)

    def look(self) -> CollectorRegistry:
        """Return the metrics, at most a second old; waits for Redis within its timeout."""
        with self._lock:
            if self._clock() - self._looked_at >= _FRESH_SECONDS:
                self._forget()
                with self._outage.attempt():
                    self._look_at_streams()
                    self._look_at_readers()
                    self._look_at_server()
                self._looked_at = self._clock()
        return self._registry

    def _look_at_streams(self) -> None:
        metrics = self._metrics
        backlogs = [self._look_at(names) for names in self._shards]
        with translated(self._url):
            entries = [self._client.xlen(names.stream) for names in self._shards]
            metrics.stream_entries.set(sum(entries))
            metrics.stream_reaches_seconds.set(self._reach_seconds())
            letters = (self._client.xlen(names.dead_stream) for names in self._shards)
            metrics.dead_letters_kept.set(sum(letters))
        metrics.redis_up.set(1)
        known = [one for one in backlogs if one is not None]
        if len(known) == len(backlogs):
            backlog = added_up(known)
            metrics.group_unread.set(nan if backlog.unread is None else backlog.unread)
            metrics.group_pending.set(backlog.pending)
            metrics.oldest_entry_seconds.set(backlog.oldest_seconds or 0.0)
        if len(entries) > 1:
            for names, count in zip(self._shards, entries, strict=True):
                self._of_shards.shard_entries.labels(_label(names.stream)).set(count)

    def _look_at(self, names: StreamNames) -> Backlog | None:
        backlog = read_backlog(self._client, self._url, names)
        if backlog is not None and len(self._shards) > 1:
            unread = nan if backlog.unread is None else backlog.unread
            self._of_shards.shard_unread.labels(_label(names.stream)).set(unread)
            self._of_shards.shard_pending.labels(_label(names.stream)).set(backlog.pending)
        return backlog

    def _look_at_readers(self) -> None:
        """Count who reads each shard, and name those that nobody does though they are not empty."""
        with translated(self._url), self._client.pipeline(transaction=False) as asked:
            for stream in self._further:
                asked.xlen(stream)
            left = [
                stream
                for stream, count in zip(self._further, asked.execute(), strict=True)
                if count
            ]
        shards = [names.stream for names in self._shards]
        if len(shards) == 1 and not left:
            return
        stream, group = self._names.stream, self._names.group
        count = readers(WorkerStates(self._client, self._url, stream, group).all(), stream)
        for shard in (*shards, *left):
            self._of_shards.shard_readers.labels(_label(shard)).set(count[shard])

    def _reach_seconds(self) -> float:
        oldest: list[Any] = [
            found[0][0]
            for names in self._shards
            if (found := cast("list[Any]", self._client.xrange(names.stream, count=1)))
        ]
        if not oldest:
            return 0.0
        added_ms = min(int(entry_id.partition(b"-")[0]) for entry_id in oldest)
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
        for of_each in vars(self._of_shards).values():
            of_each.clear()
        self._metrics.redis_up.set(0)
        self._metrics.stream_maxlen.set(self._names.maxlen)


def _label(stream: str) -> str:
    return shard_tag(stream) or UNSHARDED
