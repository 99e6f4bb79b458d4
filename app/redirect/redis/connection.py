"""Connection that a gevent process opens to Redis or Valkey, up to the first useful reply.

Blocks the calling greenlet only. TCP, TLS and Unix sockets; ACL users; RESP2 or RESP3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import hiredis
from gevent import socket, ssl

from app.redirect.redis.resp import NOT_YET, encode_command, new_reader
from app.stores.redis.address import Address, Peer, named
from app.stores.redis.server import RedisServer, peer_of

_RECEIVE_BYTES = 65536
#: A master that was frozen takes connections and answers nothing. Whom Sentinels or the nodes of a
#: cluster name next is asked for soon, and not once all patience is over.
_FOLLOWING_STEP_SECONDS = 0.5
#: A dead peer is noticed after IDLE + COUNT x INTERVAL seconds even when nothing is asked.
_KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


#: Asks who answers; what :meth:`RedisServer.from_info` reads.
_WHO = (b"INFO", b"server", b"replication")


class ConnectFailed(Exception):
    """No usable connection came about; the text names the server and says why."""


@dataclass(slots=True)
class Connection:
    """An open connection that has introduced itself.

    Attributes:
        reader: the parser, which may already hold the start of what comes next.
        address: what the connection was made by.
        peer: the end that was reached by it.
        server: who answered.
    """

    socket: socket.socket
    reader: hiredis.Reader
    address: Address
    peer: Peer
    server: RedisServer


def connect(
    address: Address,
    *,
    name: str,
    timeout_seconds: float,
    protocol: int = 2,
    last: tuple[bytes, ...] = (),
    peer: Peer | None = None,
) -> Connection:
    """Open a connection, authenticate, choose the database and ask who answers.

    Args:
        name: what CLIENT LIST shows.
        timeout_seconds: longest wait for each step.
        protocol: RESP version; 3 brings push notifications.
        last: one more command that has to succeed.
        peer: the end to reach, of those that the address may lead to; any of them if None.

    Raises:
        ConnectFailed: for any reason.
    """
    at = str(address)
    try:
        opened = _open(address, peer, _step_seconds(address, timeout_seconds))
        with _closed_on_failure(opened):
            reached = peer_of(address, opened)
            at = named(address, reached)
            reader = new_reader()
            server = _introduce(opened, reader, _greeting(address, name, protocol, last))
            if address.sentinels is not None and server.is_replica:
                raise _Refused("it is a replica, though Sentinels name it the master")
            opened.settimeout(timeout_seconds)
            return Connection(opened, reader, address, reached, server)
    except OSError as error:
        raise ConnectFailed(f"Redis at {at} can't be reached: {error}") from error
    except (hiredis.HiredisError, _Refused) as error:
        raise ConnectFailed(f"Redis at {at} says: {error}") from error


def ask(connection: Connection, *command: bytes) -> object:
    """Return the reply to a command over a connection that nothing else is asked over.

    Raises:
        OSError, hiredis.HiredisError: there is none, or one that can't be read.
    """
    connection.socket.sendall(encode_command(*command))
    return _next_reply(connection.socket, connection.reader)


def _step_seconds(address: Address, timeout_seconds: float) -> float:
    if address.is_fixed:
        return timeout_seconds
    return min(timeout_seconds, _FOLLOWING_STEP_SECONDS)


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


def _open(address: Address, peer: Peer | None, timeout_seconds: float) -> socket.socket:
    if address.path:
        return _open_unix(address.path, timeout_seconds)
    opened = socket.create_connection(peer or (address.host, address.port), timeout_seconds)
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
    steps.append(_Step(_WHO, required=False))
    if last:
        steps.append(_Step(last))
    return steps


def _introduce(opened: socket.socket, reader: hiredis.Reader, steps: list[_Step]) -> RedisServer:
    opened.sendall(b"".join(encode_command(*step.arguments) for step in steps))
    server = RedisServer()
    for step in steps:
        reply = _next_reply(opened, reader)
        if isinstance(reply, hiredis.ReplyError):
            if step.required:
                raise _Refused(f"{reply} (to {step.arguments[0].decode()})")
        elif step.arguments == _WHO and isinstance(reply, bytes):
            server = RedisServer.from_info(reply)
    return server


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
