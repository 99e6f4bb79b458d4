"""Checks that find a service's metrics where they should be, and not somebody else's."""

import http.client
from typing import NamedTuple

from app.config.access import MetricsAccess
from app.config.instance import HEADER
from app.config.types import OFF
from app.health.check import Check, ok, warn

_TIMEOUT_SECONDS = 2.0
_PATH = "/-/metrics"


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
    try:
        shown = scrape(access.bind, access.token)
    except (OSError, http.client.HTTPException) as error:
        return warn(name, f"{access.bind} doesn't answer: {error}", f"start the {service}")
    if shown.instance != access.instance:
        return not_ours(name, access.bind, access.variable)
    return ok(name, f"shown at {access.bind}")


def not_ours(name: str, bind: str, variable: str) -> Check:
    """Return the finding that something else listens where metrics of ours should be."""
    text = f"at {bind} something answers that is no part of this installation"
    return warn(name, text, f"stop it, or set {variable} to another HOST:PORT or to off")
