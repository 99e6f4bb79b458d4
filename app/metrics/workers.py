"""Metrics of the workers: name, type, labels and one sentence. Others' are beside it.

Rule 1: a metric is declared here and nowhere else; a process makes its group once, with a
        registry, and hands it down.
Rule 2: seconds and bytes are base units and stand in the name (Prometheus naming practice).
Rule 3: a label has few values, never a code, an address or a URL. All are given here, by
        its declaration, so that a counter's first step from 0 can be seen.
Rule 4: a gauge says how a service merges those of its processes (`app.metrics.types.Gauge`).

What is declared here is shown by itself: each process publishes its one registry, see
:mod:`app.metrics.publisher`.
"""

from typing import get_args

from app.metrics.types import MetricGroup, counter, fast_histogram, gauge, histogram
from app.stores.shards import SHARD_TAGS
from app.verdicts.rule import Kind

#: Upper edges of the buckets of a click's age, in seconds. The promise is 2 in light traffic.
AGE_EDGES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 600.0)
#: Upper edges of the buckets of an insert's rows. HOPLINE_INSERT_ROWS is 10,000 by default.
INSERT_EDGES = (1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
#: Who follows links.
VERDICTS = get_args(Kind)
#: What consumers spend their time on.
STAGES = ("read", "decode", "enrich", "insert", "ack")
#: What is shown for the stream without shards beside them.
UNSHARDED = "none"
#: Streams that clicks may be spread over, by the hash tags of their keys.
SHARDS = (UNSHARDED, *SHARD_TAGS)
#: Why an entry is given up.
DEAD_REASONS = (
    "bad_click_id",
    "bad_timestamp",
    "empty_field",
    "killed_consumer",
    "missing_field",
    "not_utf8",
    "poison",
    "too_long",
)


class WorkerMetrics(MetricGroup):
    """What the workers count."""

    entries_read = counter("Entries read from the stream.")
    entries_claimed = counter("Entries taken over from consumers that left them pending.")
    entries_lost = counter(
        "Entries trimmed from the stream before they were processed: lost clicks."
    )
    entries_trimmed = counter(
        "Entries trimmed from the stream once every group had processed them."
    )
    entries_trimmed_early = counter(
        "Those of them that went before the replay horizon, as Redis' memory was short."
    )

    rows_missing = counter(
        "Rows that ClickHouse had dropped as duplicates and that were inserted again."
    )
    rows_inserted = counter("Rows whose insert ClickHouse confirmed.")
    rows_judged = counter("The same rows, by who follows the link.", verdict=VERDICTS)
    insert_rows = histogram(
        "Rows of one insert, which are the size of its batch.", buckets=INSERT_EDGES
    )
    insert_seconds = histogram("Time that one insert took.")

    click_age = fast_histogram(
        "Time from a visit until reports could see its click.", AGE_EDGES, name="click_age_seconds"
    )
    freshness_p50 = gauge(
        "Age under which half the clicks became visible in the last five minutes; 0 for none.",
        name="freshness_p50_seconds",
        merge="max",
    )
    freshness_p99 = gauge(
        "Age under which 99 of 100 clicks became visible in the last five minutes; 0 for none.",
        name="freshness_p99_seconds",
        merge="max",
    )
    cpu_seconds = counter(
        "CPU time of the consumers, by what they spent it on.",
        name="consumer_cpu_seconds",
        stage=STAGES,
    )

    insert_failures = counter(
        "Inserts to be tried again: ClickHouse was unavailable, or it refused them.",
        kind=("unavailable", "refused"),
    )
    redis_failures = counter(
        "Times that Redis did not answer a consumer, or not as it should.",
        name="worker_redis_failures",
    )
    dead_letters = counter(
        "Entries moved to the dead-letter stream, by reason.", reason=DEAD_REASONS
    )
    dead_letters_trimmed = counter("Dead letters that went because they were too old, or too many.")
    geoip_built = gauge(
        "When the oldest database of places in use was made; 0 for none.",
        name="geoip_built_timestamp_seconds",
        merge="min",
    )
    geoip_unusable = gauge(
        "Databases of places that the settings name, and that are missing or can't be read.",
        merge="max",
    )
    breaker_open = gauge(
        "Whether a consumer reads nothing because too many clicks failed unexpectedly."
    )


class SupervisorMetrics(MetricGroup):
    """What the workers' supervisor counts."""

    consumers_wanted = gauge("Consumers that there should be.")
    consumers_working = gauge("Consumers whose loop has gone round and does not hang.")
    consumers_crash_looping = gauge("Places where consumers die as fast as they come.")
    consumer_restarts = counter("Consumers that ended without being asked, and were replaced.")
    consumers_hung = counter(
        "Consumers that were silent for too long; what does not come to itself is killed."
    )


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


class ShardMetrics(MetricGroup):
    """How each stream fares where clicks are spread over several; of others there is no series.

    As of the stores, supervisors of several hosts show the same.
    """

    shard_entries = gauge("Entries in a shard's stream, finished ones included.", shard=SHARDS)
    shard_unread = gauge("The group's lag in a shard's stream.", shard=SHARDS)
    shard_pending = gauge("Entries of a shard that were read and are not acked.", shard=SHARDS)
    shard_readers = gauge(
        "Consumers of all hosts that read a shard; 0 also for one that is left and not empty.",
        shard=SHARDS,
    )


class ClusterMetrics(MetricGroup):
    """How a cluster's nodes share the slots; of one server there is no series.

    As of the stores, supervisors of several hosts show the same.
    """

    cluster_slots = gauge(
        "Slots that a primary has, and those that none has: 16,384 together.",
        state=("served", "unserved"),
    )
    cluster_primaries = gauge(
        "Primaries by state: `away` most others call them gone, and nobody has replaced them yet;"
        " `alone` they have no replica that could.",
        state=("well", "away", "alone"),
    )


class SumsMetrics(MetricGroup):
    """How far the sums of closed days have come; all hosts' supervisors show the same."""

    days = gauge(
        "Closed days whose sums reports can take, and those that wait to be computed and are read"
        " from the clicks meanwhile.",
        name="sums_days",
        merge="max",
        state=("clean", "waiting"),
    )
    behind_seconds = gauge(
        "Time since the end of the oldest day that waits for its sums; 0 without any.",
        name="sums_behind_seconds",
        merge="max",
    )


class WebhookMetrics(MetricGroup):
    """What who delivers to webhooks counts."""

    attempts = counter(
        "Tries to deliver to a webhook, by what came of them.",
        name="webhook_attempts",
        outcome=("delivered", "again", "gone"),
    )
    given_up = counter(
        "Deliveries to webhooks that were given up after HOPLINE_WEBHOOK_RETRY_SECONDS.",
        name="webhook_given_up",
    )
    lost = counter(
        "Deliveries to webhooks that found no room: see HOPLINE_WEBHOOK_BACKLOG_BYTES.",
        name="webhook_lost",
    )
    gaps = counter(
        "Times at which what webhooks were to be told of had been trimmed before it was read.",
        name="webhook_gaps",
    )
    disabled = counter(
        "Webhooks that were disabled because their receivers took nothing any more.",
        name="webhook_disabled",
    )
    failing = gauge(
        "Webhooks whose receivers have failed for a minute and longer.",
        name="webhooks_failing",
        merge="max",
    )
    waiting = gauge("Deliveries that wait.", name="webhook_waiting", merge="max")


class LedgerMetrics(MetricGroup):
    """What the last check of the ledger found; all hosts' supervisors show the same."""

    difference = gauge(
        "Out of place: `entries` gone from the stream in a day by another's hand, how often"
        " it was `emptied` in a day, accepted clicks that are `missing` from ClickHouse,"
        " clicks there that are `uncounted`.",
        name="ledger_difference",
        merge="max",
        kind=("entries", "emptied", "missing", "uncounted"),
    )
    checked_seconds = gauge(
        "Unix time of the ledger's last check.",
        name="ledger_checked_timestamp_seconds",
        merge="max",
    )
