"""Metrics of the ledger; the rules stand in :mod:`app.metrics.workers`."""

from app.metrics.types import MetricGroup, gauge


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
