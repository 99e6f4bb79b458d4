"""Checks that read a service's metrics: whether they are its own, and how fresh reports are."""

import http.client
from math import isinf
from typing import NamedTuple

from app.config.access import MetricsAccess
from app.config.instance import HEADER
from app.config.types import OFF
from app.health.check import Check, ok, warn

_TIMEOUT_SECONDS = 2.0
_PATH = "/-/metrics"
#: The promise, in light traffic.
PROMISED_SECONDS = 2.0
_GAUGE = "hopline_freshness_p99_seconds"


class Shown(NamedTuple):
    """What answers where metrics should be.

    Attributes:
        text: in the format of Prometheus.
        instance: whose they are; empty if they are no Hopline's.
    """

    text: str
    instance: str


def scrape(bind: str, token: str | None) -> Shown:
    """Return what is shown at HOST:PORT.

    Raises:
        OSError, http.client.HTTPException: nothing answers, or no HTTP.
    """
    host, _, port = bind.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=_TIMEOUT_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", _PATH, headers=headers)
        answer = connection.getresponse()
        return Shown(answer.read().decode(errors="replace"), answer.headers.get(HEADER, ""))
    finally:
        connection.close()


def shown_check(service: str, access: MetricsAccess) -> Check:
    """Look whether a service's metrics are shown, and are its own."""
    name = f"{service} metrics port"
    if access.bind == OFF:
        return ok(name, "off")
    shown = _shown(name, access, f"start the {service}")
    return shown if isinstance(shown, Check) else ok(name, f"shown at {access.bind}")


def freshness_check(access: MetricsAccess) -> Check:
    """Ask the workers' metrics for the freshness of the last minutes."""
    if access.bind == OFF:
        return ok("freshness", "not asked, for the workers' metrics are off")
    shown = _shown("freshness", access, "start the workers, or look at their own host")
    return shown if isinstance(shown, Check) else judge_freshness(read_gauge(shown.text))


def _shown(name: str, access: MetricsAccess, mend: str) -> Shown | Check:
    """Return what is shown where metrics of ours should be, or the finding that they aren't."""
    try:
        shown = scrape(access.bind, access.token)
    except (OSError, http.client.HTTPException) as error:
        return warn(name, f"metrics at {access.bind} don't answer: {error}", mend)
    if shown.instance != access.instance:
        text = f"at {access.bind} something answers that is no part of this installation"
        mend = f"stop it, or set {access.variable} to another HOST:PORT or to off"
        return warn(name, text, mend)
    return shown


def judge_freshness(p99_seconds: float | None) -> Check:
    """Judge the age under which 99 of 100 clicks stayed; 0 without clicks, None for unknown."""
    if p99_seconds is None:
        return warn("freshness", "the workers don't tell it", "see whether a consumer runs")
    if not p99_seconds:
        return ok("freshness", "no clicks in the last minutes")
    age = "hours" if isinf(p99_seconds) else f"{p99_seconds:g} s"
    text = f"99 of 100 clicks of the last minutes could be queried within {age}"
    if p99_seconds <= PROMISED_SECONDS:
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
