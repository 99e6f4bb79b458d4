"""One client's connection: its state, the bytes it holds, its answer.

Rule 1: one request at a time. The next is read only when the answer to the last is sent, so
pipelined requests are answered in order and a client that doesn't read can't make us buffer.
Rule 2: an idle connection holds no buffer, so that ten thousand of them cost little.
"""

import socket
from select import EPOLLIN, EPOLLOUT
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet
from gunicorn_h1c import HttpRequest

from app.redirect.server.socket_io import receive, transmit

if TYPE_CHECKING:
    import _socket

    from app.redirect.server.event_loop import ConnectionServer
    from app.redirect.server.listener import Listener

#: States: connected and silent, between requests, within a head, at the application, answered and
#: not yet sent, the client not taking the answer (application still at work, or done), closing.
NEW, IDLE, PARTIAL, BUSY, ANSWERED, STREAMING, SENDING, LINGERING, CLOSED = range(9)

#: What happens after the answer: HTTP/1.1 stays open silently, HTTP/1.0 on request, or it closes.
STAY, KEEP_ALIVE, CLOSE = range(3)

#: Answer bytes that may wait for a slow client before the application has to, too.
HELD_OUT_BYTES = 65_536

#: Most bytes that a client may send ahead while its request is at work.
HELD_IN_BYTES = 65_536

READABLE = EPOLLIN
WRITABLE = EPOLLOUT
_EMPTY = b""


class ClientGone(Exception):
    """Nobody is there to read the rest of an answer."""


class Connection:
    """A connected client.

    Attributes:
        peer: its address and port; ``("", "")`` behind a Unix socket.
        since: time.monotonic() at which the state began, if it is one that may time out; of a
            request, when it was read.
        buffer: received, not yet read as a request; ``seen`` of it known to be incomplete.
        out: answered, not yet sent.
        ended: whether the client has sent its last byte.
        watch: the epoll events now asked for.
    """

    __slots__ = (
        "buffer",
        "ended",
        "fd",
        "listener",
        "out",
        "peer",
        "persistence",
        "seen",
        "server",
        "since",
        "sock",
        "state",
        "waiter",
        "watch",
    )

    def __init__(
        self,
        server: "ConnectionServer",
        listener: "Listener",
        sock: "_socket.socket",
        peer: tuple[Any, ...],
    ) -> None:
        self.server = server
        self.listener = listener
        self.sock = sock
        self.fd = sock.fileno()
        self.peer = peer
        self.state = NEW
        self.persistence = STAY
        self.buffer = _EMPTY
        self.seen = 0
        self.out: bytes | memoryview = _EMPTY
        self.ended = False
        self.since = 0.0
        self.watch = 0
        self.waiter: greenlet | None = None

    def receive(self) -> bool:
        """Read what has come, and tell whether it is anything to work on.

        A connection that turns out to be broken is closed.
        """
        try:
            data = receive(self.fd)
        except OSError:
            self.server.close(self)
            return False
        if data is None:
            return False
        if not data:
            self.ended = True
        elif self.state != LINGERING:
            self.buffer = self.buffer + data if self.buffer else data
        return True

    def begin_plain(self, consumed: int, closes: bool) -> None:
        """Take the plain request that the buffer begins with off it, and be busy with it."""
        self.buffer = self.buffer[consumed:]
        self.seen = 0
        self.state = BUSY
        self.since = self.server.now
        self.persistence = CLOSE if closes else STAY

    def begin(self, request: HttpRequest) -> None:
        """Take the request that the buffer begins with off it, and be busy with it."""
        closes = keeps = False
        if request.connection_close >= 0:
            options = _connection_options(request)
            closes, keeps = b"close" in options, b"keep-alive" in options
        self.begin_plain(request.consumed, closes)
        if not request.minor_version:
            self.persistence = KEEP_ALIVE if keeps and not closes else CLOSE

    def reply(self, status_line: bytes, rest: bytes) -> None:
        """Answer the request at hand; see :class:`app.redirect.server.dispatch.Reply`."""
        if self.state != BUSY:
            if self.state == CLOSED:
                return
            raise RuntimeError("a request was answered twice")
        self.state = ANSWERED
        server = self.server
        self.out = status_line + self.stamp() + rest
        if not server.outbox and not server.in_turn:
            server.schedule_turn()
        server.outbox.append(self)

    def stamp(self) -> bytes:
        """Return the header lines that every answer carries: Server, Date and Connection.

        What they say of the connection's end is binding: a worker that begins to stop before the
        answer is sent may not hang up on a client that wasn't told.
        """
        server = self.server
        if server.closing:
            self.persistence = CLOSE
        return server.stamps[self.persistence]

    def write(self, data: bytes) -> None:
        """Queue a part of an answer, waiting (in a greenlet) while the client is behind.

        Raises:
            ClientGone: when the client has.
        """
        if self.state == CLOSED:
            raise ClientGone
        self._queue(data)
        while len(self.out) > HELD_OUT_BYTES:
            self._wait_until_sent()

    def finish(self, data: bytes = _EMPTY) -> None:
        """Queue the last part of an answer."""
        if self.state == CLOSED:
            return
        self._queue(data)
        self.state = SENDING if self.state == STREAMING else ANSWERED

    def abort(self) -> None:
        """Break the connection off, because its answer can't be completed."""
        self.server.close(self)

    def send(self) -> None:
        """Send what is queued; what the client doesn't take now is sent when it does."""
        out = self.out
        try:
            sent = transmit(self.fd, out)
        except OSError:
            self.server.close(self)
            return
        if sent < len(out):
            self.out = memoryview(out)[sent:]
            self.state = SENDING if self.state in (ANSWERED, SENDING) else STREAMING
            self.since = self.server.now
            self.server.watch(self, WRITABLE)
            return
        self.out = _EMPTY
        if self.state in (ANSWERED, SENDING):
            self._settle()
        elif self.state != CLOSED:
            self._go_on()

    def hold(self) -> None:
        """Leave what has come for later; past a limit, stop reading."""
        if self.ended or len(self.buffer) > HELD_IN_BYTES:
            self.server.watch(self, self.watch & ~READABLE)

    def hang_up(self) -> None:
        """Close, giving a client that may still be sending time to read our last words.

        A socket closed with unread bytes is reset, and a reset destroys what is on its way to the
        client (RFC 9112 section 9.6).
        """
        if self.ended or not self.buffer:
            self.server.close(self)
            return
        self.buffer = _EMPTY
        self.state = LINGERING
        self.since = self.server.now
        self.server.watch(self, READABLE)
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.server.close(self)

    def _settle(self) -> None:
        server = self.server
        if self.persistence == CLOSE:
            self.hang_up()
            return
        self.state = IDLE
        self.since = server.now
        if self.watch != READABLE and not self.ended:
            server.watch(self, READABLE)
        if self.buffer or self.ended:
            server.again.append(self)

    def _go_on(self) -> None:
        self.state = BUSY
        self.server.watch(self, 0 if self.ended else READABLE)
        self.wake()

    def wake(self) -> None:
        """Let an application that waits for the client go on."""
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            self.server.hub.loop.run_callback(waiter.switch)

    def _queue(self, data: bytes) -> None:
        if not self.out and self.state == BUSY:
            server = self.server
            if not server.outbox and not server.in_turn:
                server.schedule_turn()
            server.outbox.append(self)
        self.out = b"".join((self.out, data)) if self.out else data

    def _wait_until_sent(self) -> None:
        self.waiter = getcurrent()
        self.server.hub.switch()
        if self.state == CLOSED:
            raise ClientGone


def _connection_options(request: HttpRequest) -> set[bytes]:
    """Return what all Connection fields say in small letters; the parser goes by parts of the last.

    Fields of one name are one list (RFC 9110 §5.3), in which ``close`` wins (RFC 9112 §9.6).
    """
    return {
        option.strip(b" \t")
        for name, value in request.headers
        if name.lower() == b"connection"
        for option in value.lower().split(b",")
    }
