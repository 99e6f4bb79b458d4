"""Metrics of the ledger; the rules stand in :mod:`app.metrics.workers`."""

from prometheus_client import CollectorRegistry

from app.metrics.types import Declarations


class LedgerMetrics:
    """What the last check of the ledger found; all hosts' supervisors show the same."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declarations(registry)
        self.difference = declare.gauge(
            "hopline_ledger_difference",
            "Out of place: `entries` gone from the stream in a day by another's hand, how often"
            " it was `emptied` in a day, accepted clicks that are `missing` from ClickHouse,"
            " clicks there that are `uncounted`.",
            merge="max",
            kind=("entries", "emptied", "missing", "uncounted"),
        )
        self.checked_seconds = declare.gauge(
            "hopline_ledger_checked_timestamp_seconds",
            "Unix time of the ledger's last check.",
            merge="max",
        )
