"""Metrics of the stores; the rules stand in :mod:`app.metrics.workers`."""

from prometheus_client import CollectorRegistry

from app.metrics.types import Declarations


class StoreMetrics:
    """How the stores fare, as the workers' supervisor sees it when it is asked.

    What can't be told is NaN: Redis is away, or doesn't say. Supervisors of several hosts show the
    same, so take the max of them, not the sum.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare them in a registry."""
        declare = Declarations(registry)
        self._declare_stream(declare)
        self._declare_redis(declare)

    def _declare_stream(self, declare: Declarations) -> None:
        self.redis_up = declare.gauge("hopline_redis_up", "Whether Redis answers the supervisor.")
        self.stream_entries = declare.gauge(
            "hopline_stream_entries", "Entries in the stream, finished ones included."
        )
        self.stream_reaches_seconds = declare.gauge(
            "hopline_stream_reaches_seconds",
            "Age of the oldest entry in the stream: how far back a replay from it reaches.",
        )
        self.stream_maxlen = declare.gauge(
            "hopline_stream_maxlen", "Entries that the stream may hold."
        )
        self.group_unread = declare.gauge(
            "hopline_group_unread", "The group's lag: entries that nobody has read."
        )
        self.group_pending = declare.gauge(
            "hopline_group_pending", "Entries that were read and are not acked."
        )
        self.oldest_entry_seconds = declare.gauge(
            "hopline_oldest_entry_seconds",
            "Age of the oldest entry that is unread or pending; 0 without any.",
        )
        self.dead_letters_kept = declare.gauge(
            "hopline_dead_letters_kept", "Entries in the dead-letter stream."
        )

    def _declare_redis(self, declare: Declarations) -> None:
        self.redis_memory_bytes = declare.gauge(
            "hopline_redis_memory_bytes", "Memory that Redis uses."
        )
        self.redis_memory_limit_bytes = declare.gauge(
            "hopline_redis_memory_limit_bytes",
            "Redis' maxmemory, or its machine's memory where there is no limit.",
        )
        self.redis_aof_enabled = declare.gauge(
            "hopline_redis_aof_enabled", "Whether Redis keeps an append-only file."
        )
        self.redis_aof_rewritten_seconds = declare.gauge(
            "hopline_redis_aof_rewritten_timestamp_seconds",
            "Unix time of the last rewrite of Redis' append-only file that the workers asked for.",
        )
        self.redis_aof_rewrite_well = declare.gauge(
            "hopline_redis_aof_rewrite_well",
            "Whether the last rewrite of Redis' append-only file worked.",
        )
        self.redis_aof_well = declare.gauge(
            "hopline_redis_aof_well", "Whether Redis' last write to its append-only file worked."
        )
