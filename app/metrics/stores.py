"""Metrics of the stores; the rules stand in :mod:`app.metrics.workers`."""

from app.metrics.types import MetricGroup, gauge


class StoreMetrics(MetricGroup):
    """How the stores fare, as the workers' supervisor sees it when it is asked.

    What can't be told is NaN: Redis is away, or doesn't say. Supervisors of several hosts show the
    same, so take the max of them, not the sum.
    """

    redis_up = gauge("Whether Redis answers the supervisor.")
    stream_entries = gauge("Entries in the stream, finished ones included.")
    stream_reaches_seconds = gauge(
        "Age of the oldest entry in the stream: how far back a replay from it reaches."
    )
    stream_maxlen = gauge("Entries that the stream may hold.")
    group_unread = gauge("The group's lag: entries that nobody has read.")
    group_pending = gauge("Entries that were read and are not acked.")
    oldest_entry_seconds = gauge(
        "Age of the oldest entry that is unread or pending; 0 without any."
    )
    dead_letters_kept = gauge("Entries in the dead-letter stream.")

    redis_memory_bytes = gauge("Memory that Redis uses.")
    redis_memory_limit_bytes = gauge(
        "Redis' maxmemory, or its machine's memory where there is no limit."
    )
    redis_aof_enabled = gauge("Whether Redis keeps an append-only file.")
    redis_aof_rewritten_seconds = gauge(
        "Unix time of the last rewrite of Redis' append-only file that the workers asked for.",
        name="redis_aof_rewritten_timestamp_seconds",
    )
    redis_aof_rewrite_well = gauge("Whether the last rewrite of Redis' append-only file worked.")
    redis_aof_well = gauge("Whether Redis' last write to its append-only file worked.")
