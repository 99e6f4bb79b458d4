"""Answer that a service of this machine gives, and where it can be asked."""

import re
import socket
from collections.abc import Mapping
from http.client import HTTPException, parse_headers
from io import BufferedReader
from typing import NamedTuple

from app.config.instance import HEADER

_LOOPBACK = "127.0.0.1"
_ANSWER_SECONDS = 1.0
#: Of an answer's body that are looked at.
_MOST_BYTES = 65_536
#: Binds that take what comes to any address of the machine, by one of them.
EVERY_ADDRESS = {"0.0.0.0": _LOOPBACK, "::": "::1", "*": _LOOPBACK}  # noqa: S104 - read, not bound

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


def ask(bind: str, path: str) -> Answer:
    """Return what a service of this machine answers a GET with; status 0 for nothing."""
    try:
        return exchange(bind, path, {})
    except (ConnectionAbortedError, ConnectionResetError):
        return Answer(NO_HTTP, "")
    except OSError:
        return Answer(0, "")


def exchange(bind: str, path: str, headers: Mapping[str, str]) -> Answer:
    """Return what a service of this machine answers a GET with.

    Raises:
        OSError: it doesn't answer within a second.
    """
    family, address = socket_address(bind)
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


def socket_address(bind: str) -> tuple[int, SocketAddress]:
    """Return where a service can be asked that listens at a bind."""
    family, address = bound_address(bind)
    if isinstance(address, str):
        return family, address
    host = EVERY_ADDRESS.get(address[0], address[0])
    return family, (host, address[1])


def bound_address(bind: str) -> tuple[int, SocketAddress]:
    """Return the family and the address that a bind names."""
    if bind.startswith("unix:"):
        return socket.AF_UNIX, bind.removeprefix("unix:")
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    return socket.AF_INET6 if ":" in host else socket.AF_INET, (host, int(port))
