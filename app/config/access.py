"""Rules that decide who may see the console and the metrics: by place, by token, by name."""

import hmac
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Self

from app.config.instance import instance_id
from app.config.settings import Settings
from app.config.types import OFF
from app.config.variables import variable
from app.http.addresses import parse_address, read_address

_SCHEME = "bearer"
_TOKEN_HINT = "16 characters or more, as `openssl rand -hex 32` makes them"  # noqa: S105 - a sentence


class HostNames:
    """The names under which a service may be asked.

    A page of somebody else's can have its own name lead to an address of ours (DNS rebinding), and
    its readers' browsers then fetch from us what only they can reach. What such a page can't choose
    is the Host that a browser sends: always the page's own name. So names are known or refused.
    Addresses are always known, since a page under an address is the one that is served there.

    Args:
        names: host names beside ``localhost``, without ports.
        bind: where the service listens, HOST:PORT.
    """

    def __init__(self, names: Iterable[str], bind: str) -> None:
        known = {"localhost", *names}
        if not bind.startswith(("unix:", "fd://")):
            known.add(bind.rpartition(":")[0])
        self._known = frozenset(map(_plain, known))

    def know(self, host: str | None) -> bool:
        """Tell whether a request may name this host, with or without a port, in its Host header.

        A request without one is no browser's (RFC 9112 §3.2).
        """
        if not host:
            return True
        name = _plain(host.partition("]" if host.startswith("[") else ":")[0])
        return name in self._known or parse_address(name) is not None


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """Who may read the metrics that a service shows at a port of their own.

    Attributes:
        bind: HOST:PORT, or off.
        variable: the setting that names the bind.
        token: what whoever reads has to send; None for nothing.
        is_open: whether other machines may read without a token.
        hosts: names under which the port may be asked.
        instance: says whose metrics they are.
    """

    bind: str
    variable: str
    token: str | None = None
    is_open: bool = False
    hosts: tuple[str, ...] = ()
    instance: str = ""

    @classmethod
    def of(cls, settings: Settings, service: str) -> Self:
        """Return what holds for a service, ``redirect`` or ``workers``."""
        bind = f"{service}_metrics_bind"
        return cls(
            getattr(settings, bind),
            variable(bind),
            settings.metrics_token,
            settings.metrics_open,
            settings.metrics_hosts,
            instance_id(settings),
        )

    def refusal(self) -> str:
        """Say why nothing may be shown here, and what to set; empty when all is well."""
        if self.token or self.is_open or not is_open_to_others(self.bind):
            return ""
        return (
            f"{self.variable}={self.bind}: other machines would read the metrics there without a"
            f" token: set HOPLINE_METRICS_TOKEN ({_TOKEN_HINT}), or HOPLINE_METRICS_OPEN=true where"
            " the network is private, or bind it to 127.0.0.1"
        )


def console_refusal(
    bind: str, token: str | None, has_keys: Callable[[], bool], when: str = ""
) -> str:
    """Say why the console may not serve at a bind, and what to do; empty when all is well.

    Args:
        has_keys: tells whether there are API keys, or may be; asked only if that decides it.
        when: a key can be added.
    """
    if token or not is_open_to_others(bind) or has_keys():
        return ""
    return (
        f"HOPLINE_CONSOLE_BIND={bind}: other machines would read every report there without a key:"
        f" run `hopline keys add`{when}, set HOPLINE_CONSOLE_TOKEN ({_TOKEN_HINT}), or bind it to"
        " 127.0.0.1"
    )


def carries(authorization: str | None, tokens: Collection[str]) -> bool:
    """Tell whether an Authorization header (RFC 6750) holds one of the tokens."""
    given = bearer(authorization)
    if given is None:
        return False
    # latin-1 is what WSGI makes of a header's bytes (PEP 3333).
    sent = given.encode("latin-1", "replace")
    return any(hmac.compare_digest(sent, token.encode()) for token in tokens)


def bearer(authorization: str | None) -> str | None:
    """Return what an Authorization header (RFC 6750) carries; None unless it is a bearer's."""
    scheme, _, given = (authorization or "").partition(" ")
    return given.strip() if scheme.lower() == _SCHEME else None


def is_open_to_others(bind: str) -> bool:
    """Tell whether other machines can reach a bind; a Unix socket or a handed-down one counts not.

    A name other than ``localhost`` counts as one that leads outside.
    """
    if bind == OFF or bind.startswith(("unix:", "fd://")):
        return False
    host = _plain(bind.rpartition(":")[0])
    address = read_address(host)
    return not address.is_loopback if address else host != "localhost"


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
