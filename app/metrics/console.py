"""Metrics of the console; the rules stand in :mod:`app.metrics.workers`."""

from app.metrics.types import MetricGroup, counter, histogram


class ConsoleMetrics(MetricGroup):
    """What the console counts."""

    responses = counter(
        "Answers by status.",
        name="console_responses",
        status=("200", "400", "401", "404", "405", "500", "503"),
    )
    response_seconds = histogram("Time that one answer took.", name="console_response_seconds")
