"""Metrics of the redirect; the rules stand in :mod:`app.metrics.workers`."""

from prometheus_client import CollectorRegistry

from app.metrics.types import Declarations

#: Upper edges of the latency's buckets, in seconds. The promise is 0.05.
LATENCY_EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_FAST_STATUSES = "301 302 303 307 308"
_FALCON_STATUSES = "200 204 301 302 303 307 308 400 404 405 410 500 503"
_GUNICORN_STATUSES = "400 417 500 501"
_EDGE_STATUSES = "400 408 414 431 503"
#: Statuses that each of those who answer may give.
RESPONSES = (
    *((status, "fast") for status in _FAST_STATUSES.split()),
    *((status, "falcon") for status in _FALCON_STATUSES.split()),
    *((status, "gunicorn") for status in _GUNICORN_STATUSES.split()),
    *((status, "edge") for status in _EDGE_STATUSES.split()),
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
#: Why what a trusted proxy calls a visit can't be its click's identity.
MISNAMINGS = ("malformed", "time")
#: What a redirect process does beside answering.
CHORES = (
    "backlog",
    "drain",
    "following",
    "holdover",
    "leftovers",
    "pipeline",
    "publishing",
    "tracking",
    "witness",
)


class RedirectMetrics:
    """What a redirect process counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declarations(registry)
        self._declare_answers(declare)
        self._declare_links(declare)
        self._declare_redis(declare)
        self._declare_clicks(declare)
        self._declare_waiting_clicks(declare)
        self._declare_backlog(declare)
        self._declare_spool(declare)

    def _declare_answers(self, declare: Declarations) -> None:
        self.responses = declare.fast_counters(
            "hopline_responses",
            "Answers by status and by who gave them: the fast lane, Falcon, the edge, which refuses"
            " what is no request, or gunicorn, which refuses odd bodies and expectations.",
            ("status", "lane"),
            known=RESPONSES,
        )
        self.latency = declare.fast_histogram(
            "hopline_response_seconds",
            "Time from the turn of the event loop that read a request to the end of the one that"
            " sent its answer.",
            LATENCY_EDGES,
        )
        self.connections = declare.gauge(
            "hopline_connections", "Connections of clients, idle ones included."
        )
        self.chore_failures = declare.counter(
            "hopline_chore_failures",
            "Unexpected errors in what a redirect process does beside answering, which then"
            " goes on.",
            chore=CHORES,
        )

    def _declare_links(self, declare: Declarations) -> None:
        self.links_cached = declare.gauge(
            "hopline_links_cached", "Links kept in memory, by all processes."
        )
        self.link_changes_heard = declare.gauge(
            "hopline_link_changes_heard",
            "Whether all processes hear from Redis which links change; else they ask each time.",
            merge="min",
        )
        self.link_changes_lost = declare.counter(
            "hopline_link_changes_lost",
            "Changes of links that Redis confirmed and lost, or may have lost, when it"
            " was restarted or failed over; each process counts them.",
        )
        self.link_lookups = declare.counter(
            "hopline_link_lookups",
            "Links that were not in memory and were asked for, by what came of it.",
            outcome=("found", "unknown", "unavailable"),
        )

    def _declare_redis(self, declare: Declarations) -> None:
        self.commands_waiting = declare.gauge(
            "hopline_redis_commands_waiting", "Commands of the redirect that wait for Redis' reply."
        )
        self.oldest_command_seconds = declare.gauge(
            "hopline_redis_oldest_command_seconds",
            "How long the oldest of them has waited.",
            merge="max",
        )
        self.redis_connected = declare.gauge(
            "hopline_redis_connected",
            "Whether all processes of the redirect are connected to Redis.",
            merge="min",
        )
        self.redis_astray = declare.gauge(
            "hopline_redis_astray",
            "Whether a process of the redirect is connected to a Redis to which its address no"
            " longer leads, since no other master answers there.",
            merge="max",
        )

    def _declare_clicks(self, declare: Declarations) -> None:
        self.clicks = declare.fast_counters(
            "hopline_clicks",
            "Clicks by what became of them: confirmed by Redis, spooled or refused.",
            ("outcome",),
            known=[("confirmed",), ("spooled",), ("refused",)],
        )
        self.clicks_diverted = declare.counter(
            "hopline_clicks_diverted",
            "Clicks that Redis did not confirm in time, by reason.",
            reason=(
                "backlog",
                "memory",
                "over_budget",
                "pipeline_full",
                "redis_away",
                "redis_refused",
                "redis_slow",
                "unexpected_reply",
            ),
        )
        self.visits_misnamed = declare.counter(
            "hopline_visits_misnamed",
            "Visits whose X-Request-ID and X-Request-Start, set by a trusted proxy, don't tell"
            " its second try from a second visit: malformed, or at a time far from our clock.",
            reason=MISNAMINGS,
        )
        self.clicks_confirmed_late = declare.counter(
            "hopline_clicks_confirmed_late",
            "Clicks that Redis confirmed after they had gone to the spool.",
        )

    def _declare_waiting_clicks(self, declare: Declarations) -> None:
        """Declare what is counted of clicks that wait in spool and memory, or are sent again."""
        self.clicks_resent = declare.counter(
            "hopline_clicks_resent",
            "Confirmed clicks that went to the spool to be sent once more, because another server"
            " process answered or a worker ended.",
        )
        self.clicks_unguarded = declare.counter(
            "hopline_clicks_unguarded",
            "Confirmed clicks that would not be sent again if Redis lost them, because neither"
            " memory nor the spool had room to keep them.",
        )
        self.clicks_drained = declare.counter(
            "hopline_clicks_drained", "Clicks that went from the spool to Redis."
        )
        self.spool_refusals = declare.counter(
            "hopline_spool_refusals",
            "Clicks lost because the spool could not take them, by reason.",
            reason=SPOOL_REFUSALS,
        )
        self.clicks_held = declare.gauge(
            "hopline_clicks_held",
            "Clicks in memory because neither Redis nor the disk takes them for now.",
        )

    def _declare_backlog(self, declare: Declarations) -> None:
        self.backlog = declare.gauge(
            "hopline_backlog",
            "Entries from the oldest that the group has not processed to the newest.",
            merge="max",
        )
        self.backlog_full = declare.gauge(
            "hopline_backlog_full",
            "Whether new clicks go to the spool because the backlog nears the stream's bound.",
            merge="max",
        )

        self.redis_memory_full = declare.gauge(
            "hopline_redis_memory_full",
            "Whether new clicks go to the spool because Redis' memory nears its maxmemory.",
            merge="max",
        )

    def _declare_spool(self, declare: Declarations) -> None:
        # All workers of a host look at the same spool.
        self.spool_clicks = declare.gauge(
            "hopline_spool_clicks", "Clicks that wait in the host's spool.", merge="max"
        )
        self.spool_bytes = declare.gauge(
            "hopline_spool_bytes",
            "What the clicks in the host's spool take up on disk.",
            merge="max",
        )
        self.spool_oldest_seconds = declare.gauge(
            "hopline_spool_oldest_seconds",
            "Age of the oldest click in the host's spool.",
            merge="max",
        )
        self.spool_damaged = declare.counter(
            "hopline_spool_damaged",
            "Databases that were found damaged and clicks that could not be read: set aside.",
            kind=("database", "clicks"),
        )
        self.spool_waits_cut = declare.counter(
            "hopline_spool_waits_cut",
            "Visitors who went on before the disk had confirmed their click.",
        )
