"""Check that reads how long clicks take until reports see them, as the workers measure it."""

import http.client
from math import isinf

from app.config.types import OFF
from app.health.check import Check, ok, warn
from app.health.metrics_endpoint import not_ours, scrape

#: The promise, in light traffic.
_PROMISED_SECONDS = 2.0
_VARIABLE = "HOPLINE_WORKERS_METRICS_BIND"
_GAUGE = "hopline_freshness_p99_seconds"


def freshness_check(bind: str, token: str | None, instance: str) -> Check:
    """Ask the workers' metrics for the freshness of the last minutes.

    Args:
        bind: HOST:PORT where they are served, or ``off``.
        token: what they demand, None for nothing.
        instance: whose they should be.
    """
    if bind == OFF:
        return ok("freshness", "not asked, for the workers' metrics are off")
    try:
        shown = scrape(bind, token)
    except (OSError, http.client.HTTPException) as error:
        mend = "start the workers, or look at their own host"
        return warn("freshness", f"the workers' metrics at {bind} don't answer: {error}", mend)
    if shown.instance != instance:
        return not_ours("freshness", bind, _VARIABLE)
    return judge_freshness(read_gauge(shown.text))


def judge_freshness(p99_seconds: float | None) -> Check:
    """Judge the age under which 99 of 100 clicks stayed; 0 without clicks, None for unknown."""
    if p99_seconds is None:
        return warn("freshness", "the workers don't tell it", "see whether a consumer runs")
    if not p99_seconds:
        return ok("freshness", "no clicks in the last minutes")
    age = "hours" if isinf(p99_seconds) else f"{p99_seconds:g} s"
    text = f"99 of 100 clicks of the last minutes could be queried within {age}"
    if p99_seconds <= _PROMISED_SECONDS:
        return ok("freshness", text)
    mend = "normal after a backlog or a full spool; else see what keeps the consumers"
    return warn("freshness", text, mend)


def read_gauge(exposition: str) -> float | None:
    """Return the gauge in the text format of Prometheus, None where it is missing."""
    for line in exposition.splitlines():
        name, _, value = line.partition(" ")
        if name == _GAUGE:
            return float(value)
    return None
