"""Metrics of the workers: name, type, labels and one sentence. Others' are beside it.

Rule 1: a metric is declared here and nowhere else; a process makes its group once, with a
        registry, and hands it down.
Rule 2: seconds and bytes are base units and stand in the name (Prometheus naming practice).
Rule 3: a label has few values, never a code, an address or a URL. All are given here, by
        `app.metrics.types.Declarations`, so that a counter's first step from 0 can be seen.
Rule 4: a gauge says how a service merges those of its processes (`app.metrics.types.Gauge`).

What is declared here is shown by itself: each process publishes its one registry, see
:mod:`app.metrics.publisher`.
"""

from prometheus_client import CollectorRegistry

from app.metrics.types import Declarations

#: Upper edges of the buckets of a click's age, in seconds. The promise is 2 in light traffic.
AGE_EDGES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 600.0)
#: Upper edges of the buckets of an insert's rows. HOPLINE_INSERT_ROWS is 10,000 by default.
INSERT_EDGES = (1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
#: What consumers spend their time on.
STAGES = ("read", "decode", "enrich", "insert", "ack")
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


class WorkerMetrics:
    """What the workers count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declarations(registry)
        self._declare_entries(declare)
        self._declare_inserts(declare)
        self._declare_pace(declare)
        self._declare_failures(declare)

    def _declare_entries(self, declare: Declarations) -> None:
        self.entries_read = declare.counter("hopline_entries_read", "Entries read from the stream.")
        self.entries_claimed = declare.counter(
            "hopline_entries_claimed", "Entries taken over from consumers that left them pending."
        )
        self.entries_lost = declare.counter(
            "hopline_entries_lost",
            "Entries trimmed from the stream before they were processed: lost clicks.",
        )
        self.entries_trimmed = declare.counter(
            "hopline_entries_trimmed",
            "Entries trimmed from the stream once every group had processed them.",
        )
        self.entries_trimmed_early = declare.counter(
            "hopline_entries_trimmed_early",
            "Those of them that went before the replay horizon, as Redis' memory was short.",
        )

    def _declare_inserts(self, declare: Declarations) -> None:
        self.rows_missing = declare.counter(
            "hopline_rows_missing",
            "Rows that ClickHouse had dropped as duplicates and that were inserted again.",
        )
        self.rows_inserted = declare.counter(
            "hopline_rows_inserted", "Rows whose insert ClickHouse confirmed."
        )
        self.insert_rows = declare.histogram(
            "hopline_insert_rows",
            "Rows of one insert, which are the size of its batch.",
            buckets=INSERT_EDGES,
        )
        self.insert_seconds = declare.histogram(
            "hopline_insert_seconds", "Time that one insert took."
        )

    def _declare_pace(self, declare: Declarations) -> None:
        self.click_age = declare.fast_histogram(
            "hopline_click_age_seconds",
            "Time from a visit until reports could see its click.",
            AGE_EDGES,
        )
        self.freshness_p99 = declare.gauge(
            "hopline_freshness_p99_seconds",
            "Age under which 99 of 100 clicks became visible in the last five minutes; 0 for none.",
            merge="max",
        )
        self.cpu_seconds = declare.counter(
            "hopline_consumer_cpu_seconds",
            "CPU time of the consumers, by what they spent it on.",
            stage=STAGES,
        )

    def _declare_failures(self, declare: Declarations) -> None:
        self.insert_failures = declare.counter(
            "hopline_insert_failures",
            "Inserts to be tried again: ClickHouse was unavailable, or it refused them.",
            kind=("unavailable", "refused"),
        )
        self.redis_failures = declare.counter(
            "hopline_worker_redis_failures",
            "Times that Redis did not answer a consumer, or not as it should.",
        )
        self.dead_letters = declare.counter(
            "hopline_dead_letters",
            "Entries moved to the dead-letter stream, by reason.",
            reason=DEAD_REASONS,
        )
        self.dead_letters_trimmed = declare.counter(
            "hopline_dead_letters_trimmed",
            "Dead letters that went because they were too old, or too many.",
        )
        self.breaker_open = declare.gauge(
            "hopline_breaker_open",
            "Whether a consumer reads nothing because too many clicks failed unexpectedly.",
        )


class SupervisorMetrics:
    """What the workers' supervisor counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declarations(registry)
        self.consumers_wanted = declare.gauge(
            "hopline_consumers_wanted", "Consumers that there should be."
        )
        self.consumers_working = declare.gauge(
            "hopline_consumers_working", "Consumers whose loop has gone round and does not hang."
        )
        self.consumers_crash_looping = declare.gauge(
            "hopline_consumers_crash_looping", "Places where consumers die as fast as they come."
        )
        self.consumer_restarts = declare.counter(
            "hopline_consumer_restarts",
            "Consumers that ended without being asked, and were replaced.",
        )
        self.consumers_hung = declare.counter(
            "hopline_consumers_hung",
            "Consumers that were silent for too long; what does not come to itself is killed.",
        )
