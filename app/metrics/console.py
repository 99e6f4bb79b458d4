"""Metrics of the console; the rules stand in :mod:`app.metrics.workers`."""

from prometheus_client import CollectorRegistry

from app.metrics.types import Declarations


class ConsoleMetrics:
    """What the console counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declarations(registry)
        self.responses = declare.counter(
            "hopline_console_responses",
            "Answers by status.",
            status=("200", "400", "401", "404", "405", "500", "503"),
        )
        self.response_seconds = declare.histogram(
            "hopline_console_response_seconds", "Time that one answer took."
        )
