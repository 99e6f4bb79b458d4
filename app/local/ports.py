"""Addresses of this machine: which are free, and who answers there."""

import re
import socket
from collections.abc import Iterable, Mapping
from http.client import HTTPException, parse_headers
from io import BufferedReader
from types import MappingProxyType
from typing import NamedTuple

from app.config.instance import HEADER
from app.config.types import OFF

LOOPBACK = "127.0.0.1"
_ANSWER_SECONDS = 1.0
#: Of an answer's body that are looked at.
_MOST_BYTES = 65_536
_EVERY_ADDRESS = {"0.0.0.0": LOOPBACK, "::": "::1", "*": LOOPBACK}  # noqa: S104 - read, not bound

#: In the place of a status where something answers that is no HTTP, or hangs up: SSH, Redis, mail.
NO_HTTP = -1
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ ([1-9][0-9]{2})\b")

#: What the socket module takes as an address: a path, or host and port.
SocketAddress = str | tuple[str, int]


class Answer(NamedTuple):
    """What answered.

    Attributes:
        status: of HTTP, or :data:`NO_HTTP`.
        instance: whose service it says to be (:mod:`app.config.instance`); empty for no Hopline's.
        body: its beginning.
    """

    status: int
    instance: str
    body: bytes = b""


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
        with socket.create_connection((LOOPBACK, port), _ANSWER_SECONDS):
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
    family, address = _socket_address(bind)
    if isinstance(address, str):
        return bind
    host, port = address
    return f"http://[{host}]:{port}" if family == socket.AF_INET6 else f"http://{host}:{port}"


def http_status(bind: str, path: str) -> int:
    """Return the status that a service of this machine answers a GET with, 0 for none."""
    return ask(bind, path).status


def ask(bind: str, path: str) -> Answer:
    """Return what a service of this machine answers a GET with; status 0 for nothing."""
    try:
        return _exchange(bind, path, {})
    except (ConnectionAbortedError, ConnectionResetError):
        return Answer(NO_HTTP, "")
    except OSError:
        return Answer(0, "")


def get(bind: str, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> int:
    """Return the status that a service of this machine answers a GET with.

    Raises:
        OSError: it doesn't answer within a second.
    """
    return _exchange(bind, path, headers).status


def _exchange(bind: str, path: str, headers: Mapping[str, str]) -> Answer:
    family, address = _socket_address(bind)
    lines = [f"GET {path} HTTP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.socket(family) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        connection.connect(address)
        connection.sendall("\r\n".join((*lines, "Host: localhost", "", "")).encode())
        with connection.makefile("rb") as answer:
            return _read(answer)


def _read(answer: BufferedReader) -> Answer:
    line = answer.readline(_MOST_BYTES)
    if not line:
        raise ConnectionAbortedError("it closed the connection")
    status = _STATUS_LINE.match(line)
    if status is None:
        return Answer(NO_HTTP, "")
    try:
        found = parse_headers(answer)
    except HTTPException:
        return Answer(NO_HTTP, "")
    return Answer(int(status[1]), found.get(HEADER, ""), answer.read(_MOST_BYTES))


def _require_bindable(variable: str, bind: str) -> None:
    try:
        _try_bind(*_bound_address(bind))
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BindRefused(
            f"can't listen on {bind}: {why.lower()};"
            f" stop what listens there, or set {variable} to another place"
        ) from None


def _are_one_place(bind: str, other: str) -> bool:
    """Tell whether who listens at one place keeps others from the other."""
    (_, ours), (_, theirs) = _bound_address(bind), _bound_address(other)
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    takes_all = not _EVERY_ADDRESS.keys().isdisjoint((ours[0], theirs[0]))
    return ours[1] == theirs[1] and (ours[0] == theirs[0] or takes_all)


def _socket_address(bind: str) -> tuple[int, SocketAddress]:
    """Return where a service can be asked that listens at a bind."""
    family, address = _bound_address(bind)
    if isinstance(address, str):
        return family, address
    host = _EVERY_ADDRESS.get(address[0], address[0])
    return family, (host, address[1])


def _bound_address(bind: str) -> tuple[int, SocketAddress]:
    if bind.startswith("unix:"):
        return socket.AF_UNIX, bind.removeprefix("unix:")
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    return socket.AF_INET6 if ":" in host else socket.AF_INET, (host, int(port))


def _try_bind(family: int, address: SocketAddress) -> None:
    with socket.socket(family) as probe:
        if isinstance(address, str):
            if probe.connect_ex(address) == 0:
                raise OSError("something answers there")
            return
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
