"""Gauges that look at Redis when somebody asks the supervisor for its metrics."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any, cast

from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.config.shards import further_shards, shards_of
from app.health.redis.stream import Backlog, StreamNames, added_up, read_backlog
from app.health.worker_status import WorkerStates, readers
from app.logs.throttle import OutageLog
from app.metrics.workers import UNSHARDED, ClusterMetrics, ShardMetrics, StoreMetrics
from app.stores.keys import aof_rewrite_key
from app.stores.redis.aof_rewrite import FIELDS, Noted
from app.stores.redis.client import connect
from app.stores.redis.cluster import SLOT_COUNT, SlotMap
from app.stores.redis.errors import RedisError, translated
from app.stores.redis.routing import ClusterClient
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
        self._rewrite_keys = [
            aof_rewrite_key(shard.stream, shard.group)
            for shard in shards_of(settings)
            if shard.aof_rewrite
        ]
        self._clock = clock
        self._looked_at = -_FRESH_SECONDS
        self._lock = threading.Lock()
        self._outage = OutageLog(logger, "Redis can't be looked at for the metrics: %s", RedisError)
        self._registry = CollectorRegistry()
        self._metrics = StoreMetrics(self._registry)
        self._of_shards = ShardMetrics(self._registry)
        self._of_cluster = ClusterMetrics(self._registry)

    def look(self) -> CollectorRegistry:
        """Return the metrics, at most a second old; waits for Redis within its timeout."""
        with self._lock:
            if self._clock() - self._looked_at >= _FRESH_SECONDS:
                self._forget()
                with self._outage.attempt():
                    self._look_at_cluster()
                    self._look_at_streams()
                    self._look_at_readers()
                    self._look_at_server()
                self._looked_at = self._clock()
        return self._registry

    def _look_at_cluster(self) -> None:
        """Show who serves the slots, first: the rest is not known while a primary is away."""
        if not isinstance(self._client, ClusterClient):
            return
        with translated(self._url):
            slots = self._client.slots()
        count = self._of_cluster.cluster_slots.labels
        count("served").set(slots.slot_count)
        count("unserved").set(SLOT_COUNT - slots.slot_count)
        for state, number in primaries_by_state(slots).items():
            self._of_cluster.cluster_primaries.labels(state).set(number)

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
        """Show how the server fares, or the worst of a cluster's primaries."""
        client, metrics = self._client, self._metrics
        with translated(self._url):
            servers = client.primaries() if isinstance(client, ClusterClient) else [client]
            memories = [one.info("memory") for one in servers]
            persistences = [one.info("persistence") for one in servers]
            rewrites: list[Any] = [client.hmget(key, FIELDS) for key in self._rewrite_keys]
        used, limit = max(map(_memory, memories), key=lambda one: one[0] / one[1])
        metrics.redis_memory_bytes.set(used)
        metrics.redis_memory_limit_bytes.set(limit)
        has_file = all(one["aof_enabled"] for one in persistences)
        metrics.redis_aof_enabled.set(has_file)
        metrics.redis_aof_well.set(_are_ok(persistences, "aof_last_write_status"))
        if has_file and rewrites:
            metrics.redis_aof_rewrite_well.set(_are_ok(persistences, "aof_last_bgrewrite_status"))
            oldest_ms = min(Noted.of(one).done_ms for one in rewrites)
            metrics.redis_aof_rewritten_seconds.set(oldest_ms / 1000)

    def _forget(self) -> None:
        for gauge in vars(self._metrics).values():
            gauge.set(nan)
        for of_each in (*vars(self._of_shards).values(), *vars(self._of_cluster).values()):
            of_each.clear()
        self._metrics.redis_up.set(0)
        self._metrics.stream_maxlen.set(self._names.maxlen)


def primaries_by_state(slots: SlotMap) -> dict[str, int]:
    """Return how many primaries are well, away, or alone without a replica."""
    count = Counter(
        "away" if node.is_failed else "well" if node.replicas else "alone" for node in slots.nodes
    )
    return {state: count[state] for state in ("well", "away", "alone")}


def _memory(info: Mapping[str, Any]) -> tuple[float, float]:
    """Return the bytes that a server uses and may."""
    limit = info["maxmemory"] or info.get("total_system_memory", nan)
    return info["used_memory"], limit


def _are_ok(infos: Sequence[Mapping[str, Any]], name: str) -> bool:
    return all(one[name] == "ok" for one in infos)


def _label(stream: str) -> str:
    return shard_tag(stream) or UNSHARDED
