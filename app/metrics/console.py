"""Metrics of the console; the rules stand in :mod:`app.metrics.workers`."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from app.metrics.types import prepared


class ConsoleMetrics:
    """What the console counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.responses = prepared(
            Counter(
                "hopline_console_responses", "Answers by status.", ["status"], registry=registry
            ),
            *("200", "400", "401", "404", "405", "500", "503"),
        )
        self.response_seconds = Histogram(
            "hopline_console_response_seconds", "Time that one answer took.", registry=registry
        )
