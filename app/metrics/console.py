"""Metrics of the console; the rules stand in :mod:`app.metrics.workers`."""

from app.metrics.types import MetricGroup, counter, gauge, histogram


class ConsoleMetrics(MetricGroup):
    """What the console counts."""

    responses = counter(
        "Answers by status.",
        name="console_responses",
        status=(
            *("200", "201", "204", "400", "401", "403", "404", "405", "409", "410", "412", "413"),
            *("415", "421", "422", "429", "500", "503"),
        ),
    )
    requests = counter(
        "Requests by route (none for a path that there isn't) and by the id of the API key that"
        " they came with: local or go-between without one, token with the console's token, metrics"
        " with the metrics' token, nobody for who wasn't let in or needs nothing, other beyond 50"
        " keys.",
        name="console_requests",
        route=("none",),
        key=("nobody",),
    )
    refusals = counter(
        "Requests that were not let in, by reason: nothing was sent, or what is no key, no key"
        " of ours, one that has expired or was revoked; or the key lacks the scope or the tag.",
        name="console_refusals",
        reason=("missing", "malformed", "unknown", "expired", "revoked", "scope", "tag"),
    )
    throttled = counter(
        "Requests that were one too many for their key within a minute, by policy.",
        name="console_throttled",
        policy=("reads", "writes", "reports"),
    )
    response_seconds = histogram("Time that one answer took.", name="console_response_seconds")
    reports = counter(
        "Requests for reports by what came of them: computed, shared with another's, refused since"
        " too many were at work, not done in time, or abandoned by who asked.",
        name="console_reports",
        outcome=("computed", "shared", "refused", "late", "abandoned"),
    )
    reports_running = gauge("Reports being computed.", name="console_reports_running")
    index_behind_seconds = gauge(
        "Time since the index of links had taken in all changes; while it is being filled, since"
        " the console began.",
        name="console_index_behind_seconds",
    )
    live_streams = gauge("Connections that watch clicks live.", name="console_live_streams")
    live_sent = counter(
        "Clicks that were sent to who watches, each counted for each connection.",
        name="console_live_sent",
    )
    live_sampled = counter(
        "Clicks that were asked for and not sent, since there were more than 50 a second for one"
        " connection.",
        name="console_live_sampled",
    )
    live_passed_over = counter(
        "Entries of the streams that were not looked at while somebody watched, since there were"
        " more than are read.",
        name="console_live_passed_over",
    )
    live_ended = counter(
        "Connections that watched, by why they ended: the client has gone, was too slow, lost its"
        " right to watch, or the console ended.",
        name="console_live_ended",
        reason=("gone", "slow", "refused", "ended"),
    )
