"""Every metric: its name, type, labels and one sentence.

Rule 1: a metric is declared here and nowhere else; a process makes its group once, with a
        registry, and hands it down.
Rule 2: seconds and bytes are base units and stand in the name (Prometheus naming practice).
Rule 3: a label has few values, known beforehand; never a code, an address or a URL.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram


class RedirectMetrics:
    """What a redirect process counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.responses = Counter(
            "hopline_responses", "Answers to visitors.", ["status"], registry=registry
        )
        self.clicks = Counter(
            "hopline_clicks",
            "Clicks by what became of them: confirmed by Redis, spooled or refused.",
            ["outcome"],
            registry=registry,
        )
        self.clicks_diverted = Counter(
            "hopline_clicks_diverted",
            "Clicks that Redis did not confirm in time, by reason.",
            ["reason"],
            registry=registry,
        )
        self.clicks_confirmed_late = Counter(
            "hopline_clicks_confirmed_late",
            "Clicks that Redis confirmed after they had gone to the spool.",
            registry=registry,
        )
        self.clicks_drained = Counter(
            "hopline_clicks_drained",
            "Clicks that went from the spool to Redis.",
            registry=registry,
        )
        self.spool_refusals = Counter(
            "hopline_spool_refusals",
            "Clicks lost because the spool could not take them, by reason.",
            ["reason"],
            registry=registry,
        )
        self.spool_waits_cut = Counter(
            "hopline_spool_waits_cut",
            "Visitors who went on before the disk had confirmed their click.",
            registry=registry,
        )


class WorkerMetrics:
    """What the workers count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.entries_read = Counter(
            "hopline_entries_read", "Entries read from the stream.", registry=registry
        )
        self.entries_claimed = Counter(
            "hopline_entries_claimed",
            "Entries taken over from consumers that left them pending.",
            registry=registry,
        )
        self.entries_lost = Counter(
            "hopline_entries_lost",
            "Entries trimmed from the stream while they were pending: lost clicks.",
            registry=registry,
        )
        self.rows_inserted = Counter(
            "hopline_rows_inserted", "Rows whose insert ClickHouse confirmed.", registry=registry
        )
        self.insert_seconds = Histogram(
            "hopline_insert_seconds", "Time that one insert took.", registry=registry
        )
        self.insert_failures = Counter(
            "hopline_insert_failures",
            "Inserts to be tried again: ClickHouse was unavailable, or it refused them.",
            ["kind"],
            registry=registry,
        )
        self.redis_failures = Counter(
            "hopline_worker_redis_failures",
            "Times that Redis did not answer a consumer, or not as it should.",
            registry=registry,
        )
        self.dead_letters = Counter(
            "hopline_dead_letters",
            "Entries moved to the dead-letter stream, by reason.",
            ["reason"],
            registry=registry,
        )
