"""Opening a connection to Redis or Valkey from a gevent process, up to the first useful reply.

Blocks the calling greenlet only. TCP, TLS and Unix sockets; ACL users; RESP2 or RESP3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import hiredis
from gevent import socket, ssl

from app.redirect.resp import NOT_YET, encode_command, new_reader
from app.redis import Address

_RECEIVE_BYTES = 65536
#: A dead peer is noticed after IDLE + COUNT x INTERVAL seconds even when nothing is asked.
_KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


#: Sections of INFO, and the line in each that tells a server from another, or from what it was
#: before it was promoted (https://redis.io/docs/latest/commands/info/).
_ID_LINES = {b"server": b"run_id:", b"replication": b"master_replid:"}


class ConnectFailed(Exception):
    """No usable connection came about; the text names the server and says why."""


@dataclass(slots=True)
class Connection:
    """An open connection that has introduced itself.

    Attributes:
        reader: the parser, which may already hold the start of what comes next.
        server_id: changes whenever the server process does, or the server was promoted; empty if
            it may not be asked for.
    """

    socket: socket.socket
    reader: hiredis.Reader
    server_id: str


def connect(
    address: Address,
    *,
    name: str,
    timeout_seconds: float,
    protocol: int = 2,
    last: tuple[bytes, ...] = (),
) -> Connection:
    """Open a connection, authenticate, choose the database and read the server's ids.

    Args:
        name: what CLIENT LIST shows.
        timeout_seconds: longest wait for each step.
        protocol: RESP version; 3 brings push notifications.
        last: one more command that has to succeed.

    Raises:
        ConnectFailed: for any reason.
    """
    try:
        opened = _open(address, timeout_seconds)
        with _closed_on_failure(opened):
            return _introduce(opened, _greeting(address, name, protocol, last))
    except OSError as error:
        raise ConnectFailed(f"Redis at {address} can't be reached: {error}") from error
    except (hiredis.HiredisError, _Refused) as error:
        raise ConnectFailed(f"Redis at {address} says: {error}") from error


@contextmanager
def _closed_on_failure(opened: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # Whatever it is, a killed greenlet included: nobody else knows of this socket.
        opened.close()
        raise


class _Refused(Exception):
    """A command of the greeting that has to succeed was answered with an error."""


@dataclass(frozen=True, slots=True)
class _Step:
    arguments: tuple[bytes, ...]
    required: bool = True


def _open(address: Address, timeout_seconds: float) -> socket.socket:
    if address.path:
        return _open_unix(address.path, timeout_seconds)
    opened = socket.create_connection((address.host, address.port), timeout_seconds)
    with _closed_on_failure(opened):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
        if not address.tls:
            return opened
        return _tls_context(address.ca_file).wrap_socket(opened, server_hostname=address.host)


def _open_unix(path: str, timeout_seconds: float) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _closed_on_failure(opened):
        opened.settimeout(timeout_seconds)
        opened.connect(path)
        return opened


def _tls_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context


def _greeting(address: Address, name: str, protocol: int, last: tuple[bytes, ...]) -> list[_Step]:
    credentials = (address.username.encode() or b"default", address.password.encode())
    steps = []
    if protocol == 3:
        auth = (b"AUTH", *credentials) if address.password else ()
        steps.append(_Step((b"HELLO", b"3", *auth)))
    elif address.password:
        steps.append(_Step((b"AUTH", *credentials)))
    if address.database:
        steps.append(_Step((b"SELECT", b"%d" % address.database)))
    # An ACL user may lack these; without them we only know less.
    steps.append(_Step((b"CLIENT", b"SETNAME", name.encode()), required=False))
    steps += [_Step((b"INFO", section), required=False) for section in _ID_LINES]
    if last:
        steps.append(_Step(last))
    return steps


def _introduce(opened: socket.socket, steps: list[_Step]) -> Connection:
    opened.sendall(b"".join(encode_command(*step.arguments) for step in steps))
    reader = new_reader()
    server_id = ""
    for step in steps:
        reply = _next_reply(opened, reader)
        if isinstance(reply, hiredis.ReplyError):
            if step.required:
                raise _Refused(f"{reply} (to {step.arguments[0].decode()})")
        elif step.arguments[0] == b"INFO":
            server_id += _id(reply, _ID_LINES[step.arguments[1]])
    return Connection(opened, reader, server_id)


def _next_reply(opened: socket.socket, reader: hiredis.Reader) -> object:
    while True:
        reply = reader.gets()
        if isinstance(reply, hiredis.PushNotification):
            continue
        if reply is not NOT_YET:
            return reply
        received = opened.recv(_RECEIVE_BYTES)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        reader.feed(received)


def _id(info: object, label: bytes) -> str:
    if isinstance(info, bytes):
        for line in info.split(b"\r\n"):
            if line.startswith(label):
                return line.removeprefix(label).decode("ascii", "replace")
    return ""
