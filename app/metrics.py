"""Metrics of redirect and workers: name, type, labels and one sentence; the others' are beside it.

Rule 1: a metric is declared here and nowhere else; a process makes its group once, with a
        registry, and hands it down.
Rule 2: seconds and bytes are base units and stand in the name (Prometheus naming practice).
Rule 3: a label has few values, never a code, an address or a URL. All are given here, by
        `prepared` or `known`, so that a counter's first step from 0 can be seen.
Rule 4: a gauge says how a service merges those of its processes (`app.tallies.Gauge`).

What is declared here is shown by itself: each process publishes its one registry, see
:mod:`app.exposure.publisher`.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram

from app.tallies import Gauge, TallyFamily, TallyHistogram, prepared

#: Upper edges of the latency's buckets, in seconds. The promise is 0.05.
LATENCY_EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
#: Upper edges of the buckets of a click's age, in seconds. The promise is 2 in light traffic.
AGE_EDGES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 600.0)
#: What consumers spend their time on.
STAGES = ("read", "decode", "enrich", "insert", "ack")
#: Statuses that each of those who answer may give.
RESPONSES = (
    *((status, "fast") for status in ("301", "302", "303", "307", "308")),
    *(
        (status, "falcon")
        for status in [
            "200",
            "204",
            "301",
            "302",
            "303",
            "307",
            "308",
            "400",
            "404",
            "405",
            "410",
            "500",
            "503",
        ]
    ),
    *((status, "edge") for status in ("400", "408", "414", "431", "503")),
)
#: Why a spool takes no click.
SPOOL_REFUSALS = (
    "crashed",
    "damaged",
    "full",
    "gathered",
    "locked",
    "stopped",
    "unusable",
)
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


class RedirectMetrics:
    """What a redirect process counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.responses = TallyFamily(
            "hopline_responses",
            "Answers by status and by who gave them: the fast lane, Falcon, or the edge, which"
            " refuses what is no request.",
            ("status", "lane"),
            registry,
            known=RESPONSES,
        )
        self.latency = TallyHistogram(
            "hopline_response_seconds",
            "Time from the turn of the event loop that read a request to the end of the one that"
            " sent its answer.",
            LATENCY_EDGES,
            registry,
        )
        self.connections = Gauge(
            "hopline_connections", "Connections of clients, idle ones included.", registry=registry
        )
        self.links_cached = Gauge(
            "hopline_links_cached", "Links kept in memory, by all processes.", registry=registry
        )
        self.link_changes_heard = Gauge(
            "hopline_link_changes_heard",
            "Whether all processes hear from Redis which links change; else they ask each time.",
            registry=registry,
            merge="min",
        )
        self.link_lookups = prepared(
            Counter(
                "hopline_link_lookups",
                "Links that were not in memory and were asked for, by what came of it.",
                ["outcome"],
                registry=registry,
            ),
            "found",
            "unknown",
            "unavailable",
        )
        self.commands_waiting = Gauge(
            "hopline_redis_commands_waiting",
            "Commands of the redirect that wait for Redis' reply.",
            registry=registry,
        )
        self.oldest_command_seconds = Gauge(
            "hopline_redis_oldest_command_seconds",
            "How long the oldest of them has waited.",
            registry=registry,
            merge="max",
        )
        self.redis_connected = Gauge(
            "hopline_redis_connected",
            "Whether all processes of the redirect are connected to Redis.",
            registry=registry,
            merge="min",
        )
        self.clicks = TallyFamily(
            "hopline_clicks",
            "Clicks by what became of them: confirmed by Redis, spooled or refused.",
            ("outcome",),
            registry,
            known=[("confirmed",), ("spooled",), ("refused",)],
        )
        self.clicks_diverted = prepared(
            Counter(
                "hopline_clicks_diverted",
                "Clicks that Redis did not confirm in time, by reason.",
                ["reason"],
                registry=registry,
            ),
            "backlog",
            "over_budget",
            "pipeline_full",
            "redis_away",
            "redis_refused",
            "redis_slow",
            "unexpected_reply",
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
        self.spool_refusals = prepared(
            Counter(
                "hopline_spool_refusals",
                "Clicks lost because the spool could not take them, by reason.",
                ["reason"],
                registry=registry,
            ),
            *SPOOL_REFUSALS,
        )
        self.clicks_held = Gauge(
            "hopline_clicks_held",
            "Clicks in memory because neither Redis nor the disk takes them for now.",
            registry=registry,
        )
        self.backlog = Gauge(
            "hopline_backlog",
            "Entries from the oldest that the group has not processed to the newest.",
            merge="max",
            registry=registry,
        )
        self.backlog_full = Gauge(
            "hopline_backlog_full",
            "Whether new clicks go to the spool because the backlog nears the stream's bound.",
            merge="max",
            registry=registry,
        )
        # All workers of a host look at the same spool.
        self.spool_clicks = Gauge(
            "hopline_spool_clicks",
            "Clicks that wait in the host's spool.",
            merge="max",
            registry=registry,
        )
        self.spool_bytes = Gauge(
            "hopline_spool_bytes",
            "What the clicks in the host's spool take up on disk.",
            merge="max",
            registry=registry,
        )
        self.spool_oldest_seconds = Gauge(
            "hopline_spool_oldest_seconds",
            "Age of the oldest click in the host's spool.",
            merge="max",
            registry=registry,
        )
        self.spool_damaged = prepared(
            Counter(
                "hopline_spool_damaged",
                "Databases that were found damaged and clicks that could not be read: set aside.",
                ["kind"],
                registry=registry,
            ),
            "database",
            "clicks",
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
            "Entries trimmed from the stream before they were processed: lost clicks.",
            registry=registry,
        )
        self.entries_trimmed = Counter(
            "hopline_entries_trimmed",
            "Entries trimmed from the stream once every group had processed them.",
            registry=registry,
        )
        self.rows_missing = Counter(
            "hopline_rows_missing",
            "Rows that ClickHouse had dropped as duplicates and that were inserted again.",
            registry=registry,
        )
        self.rows_inserted = Counter(
            "hopline_rows_inserted", "Rows whose insert ClickHouse confirmed.", registry=registry
        )
        self.insert_seconds = Histogram(
            "hopline_insert_seconds", "Time that one insert took.", registry=registry
        )
        self.click_age = TallyHistogram(
            "hopline_click_age_seconds",
            "Time from a visit until reports could see its click.",
            AGE_EDGES,
            registry,
        )
        self.freshness_p99 = Gauge(
            "hopline_freshness_p99_seconds",
            "Age under which 99 of 100 clicks became visible in the last five minutes; 0 for none.",
            registry=registry,
            merge="max",
        )
        self.cpu_seconds = prepared(
            Counter(
                "hopline_consumer_cpu_seconds",
                "CPU time of the consumers, by what they spent it on.",
                ["stage"],
                registry=registry,
            ),
            *STAGES,
        )
        self.insert_failures = prepared(
            Counter(
                "hopline_insert_failures",
                "Inserts to be tried again: ClickHouse was unavailable, or it refused them.",
                ["kind"],
                registry=registry,
            ),
            "unavailable",
            "refused",
        )
        self.redis_failures = Counter(
            "hopline_worker_redis_failures",
            "Times that Redis did not answer a consumer, or not as it should.",
            registry=registry,
        )
        self.dead_letters = prepared(
            Counter(
                "hopline_dead_letters",
                "Entries moved to the dead-letter stream, by reason.",
                ["reason"],
                registry=registry,
            ),
            *DEAD_REASONS,
        )
        self.breaker_open = Gauge(
            "hopline_breaker_open",
            "Whether a consumer reads nothing because too many clicks failed unexpectedly.",
            registry=registry,
        )


class SupervisorMetrics:
    """What the workers' supervisor counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.consumers_wanted = Gauge(
            "hopline_consumers_wanted", "Consumers that there should be.", registry=registry
        )
        self.consumers_working = Gauge(
            "hopline_consumers_working",
            "Consumers whose loop has gone round and does not hang.",
            registry=registry,
        )
        self.consumers_crash_looping = Gauge(
            "hopline_consumers_crash_looping",
            "Places where consumers die as fast as they come.",
            registry=registry,
        )
        self.consumer_restarts = Counter(
            "hopline_consumer_restarts",
            "Consumers that ended without being asked, and were replaced.",
            registry=registry,
        )
        self.consumers_hung = Counter(
            "hopline_consumers_hung",
            "Consumers that were silent for too long; what does not come to itself is killed.",
            registry=registry,
        )
