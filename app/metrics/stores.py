"""Metrics of the stores; the rules stand in :mod:`app.metrics.workers`."""

from prometheus_client import CollectorRegistry

from app.metrics.types import Gauge


class StoreMetrics:
    """How the stores fare, as the workers' supervisor sees it when it is asked.

    What can't be told is NaN: Redis is away, or doesn't say. Supervisors of several hosts show the
    same, so take the max of them, not the sum.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare them in a registry."""
        self._declare_stream(registry)
        self._declare_redis(registry)

    def _declare_stream(self, registry: CollectorRegistry) -> None:
        self.redis_up = Gauge(
            "hopline_redis_up", "Whether Redis answers the supervisor.", registry=registry
        )
        self.stream_entries = Gauge(
            "hopline_stream_entries",
            "Entries in the stream, finished ones included.",
            registry=registry,
        )
        self.stream_reaches_seconds = Gauge(
            "hopline_stream_reaches_seconds",
            "Age of the oldest entry in the stream: how far back a replay from it reaches.",
            registry=registry,
        )
        self.stream_maxlen = Gauge(
            "hopline_stream_maxlen", "Entries that the stream may hold.", registry=registry
        )
        self.group_unread = Gauge(
            "hopline_group_unread",
            "The group's lag: entries that nobody has read.",
            registry=registry,
        )
        self.group_pending = Gauge(
            "hopline_group_pending", "Entries that were read and are not acked.", registry=registry
        )
        self.oldest_entry_seconds = Gauge(
            "hopline_oldest_entry_seconds",
            "Age of the oldest entry that is unread or pending; 0 without any.",
            registry=registry,
        )
        self.dead_letters_kept = Gauge(
            "hopline_dead_letters_kept", "Entries in the dead-letter stream.", registry=registry
        )

    def _declare_redis(self, registry: CollectorRegistry) -> None:
        self.redis_memory_bytes = Gauge(
            "hopline_redis_memory_bytes", "Memory that Redis uses.", registry=registry
        )
        self.redis_memory_limit_bytes = Gauge(
            "hopline_redis_memory_limit_bytes",
            "Redis' maxmemory, or its machine's memory where there is no limit.",
            registry=registry,
        )
        self.redis_aof_enabled = Gauge(
            "hopline_redis_aof_enabled",
            "Whether Redis keeps an append-only file.",
            registry=registry,
        )
        self.redis_aof_rewritten_seconds = Gauge(
            "hopline_redis_aof_rewritten_timestamp_seconds",
            "Unix time of the last rewrite of Redis' append-only file that the workers asked for.",
            registry=registry,
        )
        self.redis_aof_rewrite_well = Gauge(
            "hopline_redis_aof_rewrite_well",
            "Whether the last rewrite of Redis' append-only file worked.",
            registry=registry,
        )
        self.redis_aof_well = Gauge(
            "hopline_redis_aof_well",
            "Whether Redis' last write to its append-only file worked.",
            registry=registry,
        )
