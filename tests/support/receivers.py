"""Receivers of webhooks that do what they are told: answer, hang, lie, hang up, drip."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.servers import free_port

#: Takes the connection after the request was read.
Behaviour = Callable[[socket.socket], None]
#: What a request is answered by.
Choice = Callable[["Request"], Behaviour]


@dataclass
class Request:
    """What a receiver got."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


def answering(status: int = 200, headers: str = "", body: bytes = b"ok") -> Behaviour:
    """Answer as one does."""

    def answer(connection: socket.socket) -> None:
        head = f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return answer


def saying(raw: bytes, *, hang: bool = False) -> Behaviour:
    """Send bytes, and hang up or hang."""

    def say(connection: socket.socket) -> None:
        connection.sendall(raw)
        if hang:
            until_closed(connection)

    return say


def dripping(raw: bytes, seconds: float = 0.02) -> Behaviour:
    """Send one byte after the other, for ever."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(raw)
        while True:
            connection.sendall(b"x")
            time.sleep(seconds)

    return drip


def until_closed(connection: socket.socket) -> None:
    """Wait until the other end hangs up."""
    while connection.recv(1):
        continue


@dataclass
class Receiver:
    """A server of HTTP whose behaviour may be changed at any time.

    Attributes:
        choose: says how each request is answered, in place of ``behave``.
    """

    port: int = 0
    behave: Behaviour = field(default_factory=answering)
    requests: list[Request] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    choose: Choice | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def become(self, behave: Behaviour) -> list[str]:
        """Behave otherwise from now on; return the ids of what came before, and forget them."""
        with self._changing:
            before = self.ids
            self.requests.clear()
            self.behave = behave
        return before

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.requests]

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._handle, args=(connection,), daemon=True)
            thread.start()

    def _handle(self, accepted: socket.socket) -> None:
        with suppress(OSError, ValueError), self._secured(accepted) as connection:
            request = _read(connection)
            with self._changing:
                self.requests.append(request)
                behave = self.choose(request) if self.choose else self.behave
            behave(connection)
            # Unread bytes would have the kernel reset what was sent.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)

    def _secured(self, connection: socket.socket) -> socket.socket:
        try:
            if self.context:
                return self.context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiver(behave: Behaviour | None = None) -> Iterator[Receiver]:
    """Run a receiver on this machine."""
    made = Receiver(free_port(), behave or answering())
    with socket.create_server(("127.0.0.1", made.port), backlog=64) as listener:
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            made.close()


def _read(connection: socket.socket) -> Request:
    raw = b""
    while b"\r\n\r\n" not in raw:
        got = connection.recv(65_536)
        if not got:
            raise ValueError("no request")
        raw += got
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    pairs = (each.partition(": ") for each in fields)
    headers = {name.lower(): value for name, _, value in pairs}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    return Request(line, headers, body)
