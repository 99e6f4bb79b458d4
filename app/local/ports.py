"""Addresses of this machine: which are free, and who answers there."""

import socket
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from app.config.types import OFF
from app.health.host.answer import (
    EVERY_ADDRESS,
    SocketAddress,
    ask,
    bound_address,
    exchange,
    socket_address,
)

LOOPBACK = "127.0.0.1"
#: Of a connection to a port of this machine.
_CONNECT_SECONDS = 1.0


class BindRefused(Exception):
    """A service can't listen where its setting says; the text names place and setting."""


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on a port of the loopback address."""
    try:
        with socket.create_connection((LOOPBACK, port), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def require_free(binds: Iterable[tuple[str, str]]) -> None:
    """Make sure that services can listen where they should.

    Args:
        binds: the variable and the value of each setting.

    Raises:
        BindRefused: for the first that can't be used.
    """
    checked: list[tuple[str, str]] = []
    for variable, bind in binds:
        if bind == OFF:
            continue
        if bind.startswith("fd://") or bind.endswith(":0"):
            raise BindRefused(f"{variable}={bind}: `hopline up` needs HOST:PORT or unix:PATH")
        for other, theirs in checked:
            if _are_one_place(bind, theirs):
                raise BindRefused(f"{variable}={bind} is where {other} listens: set another place")
        _require_bindable(variable, bind)
        checked.append((variable, bind))


def require_free_port(variable: str, bind: str) -> None:
    """Make sure that a service of its own can listen where it should, if that is HOST:PORT.

    A file descriptor is open already, and a Unix socket goes to whoever is started last.

    Raises:
        BindRefused: it can't.
    """
    if not bind.startswith(("fd://", "unix:")):
        _require_bindable(variable, bind)


def http_url(bind: str) -> str:
    """Return what a browser of this machine finds a service at; a Unix socket's path as it is."""
    family, address = socket_address(bind)
    if isinstance(address, str):
        return bind
    host, port = address
    return f"http://[{host}]:{port}" if family == socket.AF_INET6 else f"http://{host}:{port}"


def http_status(bind: str, path: str) -> int:
    """Return the status that a service of this machine answers a GET with, 0 for none."""
    return ask(bind, path).status


def get(bind: str, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> int:
    """Return the status that a service of this machine answers a GET with.

    Raises:
        OSError: it doesn't answer within a second.
    """
    return exchange(bind, path, headers).status


def _require_bindable(variable: str, bind: str) -> None:
    try:
        _try_bind(*bound_address(bind))
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BindRefused(
            f"can't listen on {bind}: {why.lower()};"
            f" stop what listens there, or set {variable} to another place"
        ) from None


def _are_one_place(bind: str, other: str) -> bool:
    """Tell whether who listens at one place keeps others from the other."""
    (_, ours), (_, theirs) = bound_address(bind), bound_address(other)
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    takes_all = not EVERY_ADDRESS.keys().isdisjoint((ours[0], theirs[0]))
    return ours[1] == theirs[1] and (ours[0] == theirs[0] or takes_all)


def _try_bind(family: int, address: SocketAddress) -> None:
    with socket.socket(family) as probe:
        if isinstance(address, str):
            if probe.connect_ex(address) == 0:
                raise OSError("something answers there")
            return
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
