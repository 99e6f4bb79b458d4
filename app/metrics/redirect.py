"""Metrics of the redirect; the rules stand in :mod:`app.metrics.workers`."""

from app.metrics.types import MetricGroup, counter, fast_counters, fast_histogram, gauge

#: Upper edges of the latency's buckets, in seconds. The promise is 0.05.
LATENCY_EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
#: Statuses that each of those who answer may give.
_STATUSES = {
    "fast": "301 302 303 307 308",
    "falcon": "200 204 301 302 303 307 308 400 404 405 410 500 503",
    "gunicorn": "400 417 500 501",
    "edge": "400 408 414 431 503",
}
RESPONSES = [(status, lane) for lane, all_its in _STATUSES.items() for status in all_its.split()]
#: Why a spool takes no click.
SPOOL_REFUSALS = ("crashed", "damaged", "full", "gathered", "locked", "stopped", "unusable")
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


class RedirectMetrics(MetricGroup):
    """What a redirect process counts."""

    responses = fast_counters(
        "Answers by status and by who gave them: the fast lane, Falcon, the edge, which refuses"
        " what is no request, or gunicorn, which refuses odd bodies and expectations.",
        ("status", "lane"),
        known=RESPONSES,
    )
    latency = fast_histogram(
        "Time from the turn of the event loop that read a request to the end of the one that"
        " sent its answer.",
        LATENCY_EDGES,
        name="response_seconds",
    )
    connections = gauge("Connections of clients, idle ones included.")
    chore_failures = counter(
        "Unexpected errors in what a redirect process does beside answering, which then goes on.",
        chore=CHORES,
    )

    links_cached = gauge("Links kept in memory, by all processes.")
    link_changes_heard = gauge(
        "Whether all processes hear from Redis which links change; else they ask each time.",
        merge="min",
    )
    link_changes_lost = counter(
        "Changes of links that Redis confirmed and lost, or may have lost, when it"
        " was restarted or failed over; each process counts them."
    )
    link_lookups = counter(
        "Links that were not in memory and were asked for, by what came of it.",
        outcome=("found", "unknown", "unavailable"),
    )
    link_lookups_late = counter(
        "Links for which visitors waited longer than HOPLINE_LOOKUP_BUDGET_MS, as Redis was late"
        " and there was no copy to go by."
    )

    commands_waiting = gauge(
        "Commands of the redirect that wait for Redis' reply.", name="redis_commands_waiting"
    )
    oldest_command_seconds = gauge(
        "How long the oldest of them has waited.", name="redis_oldest_command_seconds", merge="max"
    )
    redis_connected = gauge(
        "Whether all processes of the redirect are connected to Redis; of a cluster, to any"
        " primary.",
        merge="min",
    )
    redis_astray = gauge(
        "Whether a process of the redirect is connected to a Redis to which its address no"
        " longer leads, since no other master answers there.",
        merge="max",
    )
    sentinels = gauge(
        "Sentinels that are asked where the master is; 0 where the address leads to it.",
        merge="max",
    )
    sentinels_agreeing = gauge(
        "Sentinels that name the master which is believed, by the process that hears of fewest.",
        merge="min",
    )

    redis_primaries = gauge(
        "Primaries of the Redis Cluster that serve slots; 0 without a cluster.", merge="max"
    )
    redis_primaries_connected = gauge(
        "Primaries of the cluster that are connected to, by the process that reaches fewest.",
        merge="min",
    )
    redis_redirections = counter(
        "Commands that a node of the cluster sent elsewhere (MOVED, ASK), by kind.",
        kind=("moved", "ask"),
    )

    clicks = fast_counters(
        "Clicks by what became of them: confirmed by Redis, spooled or refused.",
        ("outcome",),
        known=[("confirmed",), ("spooled",), ("refused",)],
    )
    clicks_diverted = counter(
        "Clicks that Redis did not confirm in time, by reason.",
        reason=(
            "backlog",
            "memory",
            "no_replica",
            "over_budget",
            "pipeline_full",
            "redis_away",
            "redis_refused",
            "redis_slow",
            "unexpected_reply",
        ),
    )
    visits_misnamed = counter(
        "Visits whose X-Request-ID and X-Request-Start, set by a trusted proxy, don't tell"
        " its second try from a second visit: malformed, or at a time far from our clock.",
        reason=MISNAMINGS,
    )
    clicks_confirmed_late = counter("Clicks that Redis confirmed after they had gone to the spool.")

    clicks_replicated = counter(
        "Clicks that a replica of Redis was seen to have, spooled ones included"
        " (HOPLINE_CONFIRM=replica)."
    )
    replica_waits_in_vain = counter(
        "Waits for a replica to have what was written that ended without one"
        " (HOPLINE_CONFIRM=replica)."
    )
    replica_missing = gauge(
        "Whether clicks of any process go to the spool because no replica has what Redis is given"
        " (HOPLINE_CONFIRM=replica).",
        merge="max",
    )

    clicks_resent = counter(
        "Confirmed clicks that went to the spool to be sent once more, because another server"
        " process answered or a worker ended."
    )
    clicks_unguarded = counter(
        "Confirmed clicks that would not be sent again if Redis lost them, because neither"
        " memory nor the spool had room to keep them."
    )
    clicks_drained = counter("Clicks that went from the spool to Redis.")
    spool_refusals = counter(
        "Clicks lost because the spool could not take them, by reason.", reason=SPOOL_REFUSALS
    )
    clicks_held = gauge("Clicks in memory because neither Redis nor the disk takes them for now.")

    backlog = gauge(
        "Entries from the oldest that the group has not processed to the newest.", merge="max"
    )
    backlog_full = gauge(
        "Whether new clicks go to the spool because the backlog nears the stream's bound.",
        merge="max",
    )
    redis_memory_full = gauge(
        "Whether new clicks go to the spool because Redis' memory nears its maxmemory.", merge="max"
    )

    # All workers of a host look at the same spool.
    spool_clicks = gauge("Clicks that wait in the host's spool.", merge="max")
    spool_bytes = gauge("What the clicks in the host's spool take up on disk.", merge="max")
    spool_oldest_seconds = gauge("Age of the oldest click in the host's spool.", merge="max")
    spool_damaged = counter(
        "Databases that were found damaged and clicks that could not be read: set aside.",
        kind=("database", "clicks"),
    )
    spool_waits_cut = counter("Visitors who went on before the disk had confirmed their click.")
