"""One client's connection: its state, the bytes it holds, its answer.

Rule 1: one request at a time. The next is read only when the answer to the last is sent, so
pipelined requests are answered in order and a client that doesn't read can't make us buffer.
Rule 2: an idle connection holds no buffer, so that ten thousand of them cost little.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from select import EPOLLIN, EPOLLOUT, epoll
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet
from gunicorn_h1c import HttpRequest

from app.redirect.server.socket_io import receive, transmit
from app.redirect.server.states import (
    ANSWERED,
    BUSY,
    CLOSED,
    DONE,
    IDLE,
    LINGERING,
    NEW,
    SENDING,
    STREAMING,
)

if TYPE_CHECKING:
    import _socket

    from app.redirect.server.listener import Listener

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


@dataclass(slots=True, eq=False)
class Tick:
    """What all connections of a worker share: this tick of the event loop, and what comes next.

    Attributes:
        hub: gevent's, to which an application switches while its client is behind.
        schedule: has another tick begin as soon as the event loop gets to it.
        now: time.monotonic() of this tick.
        common_headers: what every answer carries (Server, Date, Connection), by persistence.
        closing: whether every answer is its connection's last.
        is_running: whether a tick is under way, which will empty the write queue.
        poll: tells which connections have something to be done.
        connections: those that are open, by file descriptor.
        write_queue: connections with something to send at the end of this tick.
        ready: connections that hold more to work on in the next tick.
    """

    hub: Any
    schedule: Callable[[], None]
    now: float
    common_headers: tuple[bytes, ...]
    closing: bool
    is_running: bool = False
    poll: epoll = field(default_factory=epoll)
    connections: "dict[int, Connection]" = field(default_factory=dict)
    write_queue: "list[Connection]" = field(default_factory=list)
    ready: "list[Connection]" = field(default_factory=list)


class Connection:
    """A connected client, which is served from when it is made until it is closed or detached.

    Attributes:
        peer: its address and port; ``("", "")`` behind a Unix socket.
        since: time.monotonic() at which the state began, if it is one that may time out; of a
            request, when it was read.
        buffer: received, not yet read as a request; ``seen`` of it known to be incomplete.
        out: answered, not yet sent.
        ended: whether the client has sent its last byte.
        events: those now asked of epoll.
    """

    __slots__ = (
        "buffer",
        "ended",
        "events",
        "fd",
        "listener",
        "out",
        "peer",
        "persistence",
        "seen",
        "since",
        "sock",
        "state",
        "tick",
        "waiter",
    )

    def __init__(
        self, tick: Tick, listener: "Listener", sock: "_socket.socket", peer: tuple[Any, ...]
    ) -> None:
        self.tick = tick
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
        self.since = tick.now
        self.events = READABLE
        self.waiter: greenlet | None = None
        tick.connections[self.fd] = self
        tick.poll.register(self.fd, READABLE)

    def receive(self) -> bool:
        """Read what has come, and tell whether it is anything to work on.

        A connection that turns out to be broken is closed.
        """
        try:
            data = receive(self.fd)
        except OSError:
            self.close()
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
        self.since = self.tick.now
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
        tick = self.tick
        self.out = status_line + self.common_headers() + rest
        if not tick.write_queue and not tick.is_running:
            tick.schedule()
        tick.write_queue.append(self)

    def common_headers(self) -> bytes:
        """Return the header lines that every answer carries: Server, Date and Connection.

        What they say of the connection's end is binding: a worker that begins to stop before the
        answer is sent may not hang up on a client that wasn't told.
        """
        tick = self.tick
        if tick.closing:
            self.persistence = CLOSE
        return tick.common_headers[self.persistence]

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

    def send(self) -> None:
        """Send what is queued; what the client doesn't take now is sent when it does."""
        out = self.out
        try:
            sent = transmit(self.fd, out)
        except OSError:
            self.close()
            return
        if sent < len(out):
            self.out = memoryview(out)[sent:]
            self.state = SENDING if self.state & DONE else STREAMING
            self.since = self.tick.now
            self._ask_for(WRITABLE)
            return
        self.out = _EMPTY
        if self.state & DONE:
            self._settle()
        elif self.state != CLOSED:
            self._go_on()

    def hold(self) -> None:
        """Leave what has come for later; past a limit, stop reading."""
        if self.ended or len(self.buffer) > HELD_IN_BYTES:
            self._ask_for(self.events & ~READABLE)

    def hang_up(self) -> None:
        """Close, giving a client that may still be sending time to read our last words.

        A socket closed with unread bytes is reset, and a reset destroys what is on its way to the
        client (RFC 9112 section 9.6).
        """
        if self.ended or not self.buffer:
            self.close()
            return
        self.buffer = _EMPTY
        self.state = LINGERING
        self.since = self.tick.now
        self._ask_for(READABLE)
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    def close(self) -> None:
        """Close, whatever is going on."""
        if self.state != CLOSED:
            self._leave()
            self.sock.close()

    def detach(self) -> int:
        """Give the socket away as it is: leave without closing it, and return its descriptor."""
        self.tick.poll.unregister(self.fd)
        self._leave()
        return self.sock.detach()

    def _leave(self) -> None:
        self.state = CLOSED
        self.buffer = self.out = _EMPTY
        del self.tick.connections[self.fd]
        self._wake()

    def _settle(self) -> None:
        if self.persistence == CLOSE:
            self.hang_up()
            return
        self.state = IDLE
        self.since = self.tick.now
        if self.events != READABLE and not self.ended:
            self._ask_for(READABLE)
        if self.buffer or self.ended:
            self.tick.ready.append(self)

    def _go_on(self) -> None:
        self.state = BUSY
        self._ask_for(0 if self.ended else READABLE)
        self._wake()

    def _wake(self) -> None:
        """Let an application that waits for the client go on."""
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            self.tick.hub.loop.run_callback(waiter.switch)

    def _ask_for(self, events: int) -> None:
        """Ask epoll for other events; those of a broken connection always come."""
        if self.events != events:
            self.events = events
            self.tick.poll.modify(self.fd, events)

    def _queue(self, data: bytes) -> None:
        if not self.out and self.state == BUSY:
            tick = self.tick
            if not tick.write_queue and not tick.is_running:
                tick.schedule()
            tick.write_queue.append(self)
        self.out = b"".join((self.out, data)) if self.out else data

    def _wait_until_sent(self) -> None:
        self.waiter = getcurrent()
        self.tick.hub.switch()
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
