"""Checks that find console or metrics open, or the redirect credulous, to whom it should not be."""

from collections.abc import Iterator, Sequence

from app.config.access import MetricsAccess, console_refusal, is_open_to_others
from app.config.settings import Settings
from app.health.check import Check, fail, ok, warn
from app.http.trusted_peers import TrustedPeers

_LOOPBACK = ("127.0.0.1", "::1")


def door_checks(settings: Settings, *, has_keys: bool) -> Iterator[Check]:
    """Yield the findings about who reads reports and metrics.

    Args:
        has_keys: whether there are API keys, or may be.
    """
    yield judge_console(settings.console_bind, settings.console_token, has_keys=has_keys)
    for service in ("redirect", "workers"):
        yield judge_metrics(f"{service} metrics", MetricsAccess.of(settings, service))


def judge_trust(trusted: Sequence[str], listening: Sequence[str], header: str = "") -> Check:
    """Judge who may say whose a visit is.

    Args:
        trusted: HOPLINE_TRUSTED_PROXIES.
        listening: binds of the redirect.
        header: HOPLINE_CLIENT_ADDRESS_HEADER.
    """
    name, peers = "trusted proxies", TrustedPeers(trusted)
    ports = [bind for bind in listening if bind and not bind.startswith(("unix:", "fd://", "/"))]
    if ports and any(map(peers.trusts, _LOOPBACK)):
        text = f"every process of this machine is believed about visitors at {', '.join(ports)}"
        mend = "have the proxy connect to the Unix socket, and set HOPLINE_TRUSTED_PROXIES=unix:"
        return warn(name, text, mend)
    if header and not trusted:
        text = f"{header} is believed from nobody: visitors are who connects"
        return warn(name, text, "name the proxies that write it in HOPLINE_TRUSTED_PROXIES")
    if not trusted:
        return ok(name, "none: visitors are who connects")
    return ok(name, f"{', '.join(trusted)}{f', by {header}' if header else ''}")


def judge_console(bind: str, token: str | None, *, has_keys: bool) -> Check:
    """Judge who may read the reports."""
    name = "console door"
    if refusal := console_refusal(bind, token, lambda: has_keys):
        return fail(name, refusal, "until then the console doesn't start")
    if token:
        who = "whoever has its token or a key"
    else:
        who = "whoever has a key" if has_keys else "everybody on this machine"
    return ok(name, f"{bind} answers {who}")


def judge_metrics(name: str, access: MetricsAccess) -> Check:
    """Judge who may read a service's metrics."""
    if refusal := access.refusal():
        return fail(name, refusal, "until then they are not shown")
    if access.is_open and not access.token and is_open_to_others(access.bind):
        mend = "make sure that the network is private, or set HOPLINE_METRICS_TOKEN"
        return warn(name, f"{access.bind} answers everybody who reaches it", mend)
    who = "whoever has the token" if access.token else "everybody on this machine"
    return ok(name, f"{access.bind} answers {who}")
