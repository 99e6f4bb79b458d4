"""Server that serves every connection of a worker process from one event loop, in ticks.

One epoll object holds all connections, and the event loop watches that one object. When it fires,
everything that is ready is served as one batch in phases: receive all, dispatch all, send all.
The phases keep caches warm, and whatever the batch asks of Redis leaves in one write.

Rule 1: a tick does at most one request of a connection, so that no client starves the others.
Rule 2: a tick never waits; what has to wait runs in a greenlet or comes back by ``reply``.
"""

import logging
from collections.abc import Callable, Sequence, Sized
from email.utils import formatdate
from functools import partial
from time import monotonic, time
from typing import Any

import gevent

from app.http.rules import SERVER
from app.logs.formats import VisitorAddress
from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.server.accept_balancing import WorkerSlot
from app.redirect.server.acceptor import Acceptor
from app.redirect.server.connection import CLOSE, READABLE, WRITABLE, Connection, Tick
from app.redirect.server.dispatch import Dispatcher
from app.redirect.server.listener import Listener
from app.redirect.server.request_parser import Refused, RequestParser
from app.redirect.server.states import ANSWERED, BUSY, LINGERING, PARTIAL, READING, WORKING
from app.redirect.server.timeouts import Timeouts, overdue

logger = logging.getLogger(__name__)

#: Connections served in one tick; more wait for the next, after whatever else the loop has to do.
BATCH = 256
#: Seconds between looks at who is overdue, and between changes of the Date header.
HOUSEKEEPING_SECONDS = 1.0
#: Most that heads that are not complete yet may take up, of all connections together: a thousand
#: of the largest. A browser's comes whole.
PARTIAL_BYTES = 64 << 20


class ConnectionServer:
    """The connections of one worker process.

    Args:
        dispatcher: has each request answered.
        timeouts: how long connections may take; an ``idle`` of 0 keeps none open.
        capacity: most connections at once, those left to gunicorn included.
        slot: what other workers know of this one's connections, and it of theirs.
        fallbacks: those that gunicorn's own handler serves, to be counted.
        metrics: told how long answers took, and which were given here.

    Attributes:
        served: requests dispatched so far.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        parser: RequestParser,
        dispatcher: Dispatcher,
        timeouts: Timeouts,
        *,
        capacity: int,
        slot: WorkerSlot,
        fallbacks: Sized,
        metrics: RedirectMetrics,
    ) -> None:
        hub: Any = gevent.get_hub()
        self._parser = parser
        self._take_plain = dispatcher.take_plain or _leave
        self._dispatch = dispatcher.dispatch
        self._timeouts = timeouts
        self._latency = metrics.latency
        self._responses = metrics.responses
        self._throttled = ThrottledLog(logger)
        self._stopping = False
        self._tick = Tick(
            hub,
            partial(hub.loop.run_callback, self._run_late),
            monotonic(),
            common_headers(time()),
            closing=not timeouts.idle,
        )
        self._acceptor = Acceptor(self._tick, listeners, fallbacks, capacity, slot)
        self._watcher = hub.loop.io(self._tick.poll.fileno(), 1)
        self._housekeeper = hub.loop.timer(HOUSEKEEPING_SECONDS, HOUSEKEEPING_SECONDS)
        self._partial_bytes = 0
        self.served = 0

    def __len__(self) -> int:
        """Return how many connections are open, those left to gunicorn included."""
        return len(self._acceptor)

    def start(self) -> None:
        """Begin to serve."""
        self._acceptor.open()
        self._acceptor.report(self._tick.now)
        self._watcher.start(self._run)
        self._housekeeper.start(self._keep_house)

    def stop(self) -> None:
        """Let nobody in any more, and let everybody go after the request at hand."""
        self._stopping = self._tick.closing = True
        self._acceptor.close()

    def close_all(self) -> None:
        """Break off whatever is still open, and stop serving."""
        for connection in list(self._tick.connections.values()):
            connection.close()
        self._watcher.stop()
        self._housekeeper.stop()
        self._tick.poll.close()

    def sweep(self) -> None:
        """Give up the connections that have taken too long."""
        now = self._tick.now = monotonic()
        limits = self._timeouts.limits(stopping=self._stopping)
        for connection in list(overdue(self._tick.connections.values(), limits, now)):
            self._give_up(connection)

    def _run(self) -> None:
        tick, take_plain = self._tick, self._take_plain
        tick.is_running = True
        for connection in self._receive_all():
            if not connection.state & READING:
                self._do_safely(self._hold, connection)
            elif take_plain(connection):
                self.served += 1
            else:
                self._do_safely(self._serve, connection)
        queue, tick.write_queue = tick.write_queue, []
        tick.is_running = False
        began = [connection.since for connection in queue if connection.state == ANSWERED]
        for connection in queue:
            connection.send()
        now = monotonic()
        self._latency.observe_all([now - since for since in began])
        if tick.ready or tick.write_queue:
            tick.schedule()

    def _run_late(self) -> None:
        if self._tick.write_queue or self._tick.ready:
            self._run()

    def _receive_all(self) -> list[Connection]:
        tick = self._tick
        ready, tick.ready = tick.ready, []
        connections = tick.connections
        others = []
        for fd, events in tick.poll.poll(0, BATCH):
            connection = connections.get(fd)
            if connection is None or events != READABLE:
                others.append((fd, events))
            elif connection.receive():
                ready.append(connection)
        tick.now = monotonic()
        for fd, events in others:
            self._notice(fd, events)
        return ready

    def _notice(self, fd: int, events: int) -> None:
        connection = self._tick.connections.get(fd)
        if connection is None:
            self._acceptor.accept(fd, self._tick.now)
        elif events & WRITABLE:
            connection.send()
        elif connection.events & READABLE:
            if connection.receive():
                self._tick.ready.append(connection)
        else:
            # Broken, and what we still have for the client will never reach it.
            connection.close()

    def _do_safely(self, step: Callable[[Connection], None], connection: Connection) -> None:
        try:
            step(connection)
        except Refused as refusal:
            self._refuse(connection, refusal)
        except Exception:
            logger.exception("gave a connection up after an unexpected error")
            connection.close()

    def _serve(self, connection: Connection) -> None:
        data = connection.buffer
        request = self._parser.read(data, connection.seen) if data else None
        if request is None:
            self._await_rest(connection)
            return
        connection.begin(request)
        self.served += 1
        self._dispatch(connection, request, data)

    def _hold(self, connection: Connection) -> None:
        if connection.state & WORKING:
            connection.hold()
        elif connection.state == LINGERING and connection.ended:
            connection.close()

    def _await_rest(self, connection: Connection) -> None:
        if connection.ended:
            connection.close()
        elif connection.buffer:
            self._partial_bytes += len(connection.buffer) - connection.seen
            connection.seen = len(connection.buffer)
            if connection.state != PARTIAL:
                connection.state = PARTIAL
                connection.since = self._tick.now
            if self._partial_bytes > PARTIAL_BYTES:
                self._make_room()

    def _make_room(self) -> None:
        """Refuse the heads that have taken longest so far, until the others take half the room.

        What was added up counts heads that have since been completed; so it is done anew.
        """
        partial = [each for each in self._tick.connections.values() if each.state == PARTIAL]
        partial.sort(key=lambda connection: connection.since)
        self._partial_bytes = sum(len(each.buffer) for each in partial)
        if self._partial_bytes <= PARTIAL_BYTES:
            return
        for connection in partial:
            self._partial_bytes -= len(connection.buffer)
            self._refuse(connection, Refused("503 Service Unavailable", "too many heads at once"))
            if self._partial_bytes <= PARTIAL_BYTES // 2:
                return

    def _refuse(self, connection: Connection, refusal: Refused) -> None:
        self._throttled.info(
            refusal.status,
            "refused a request of %s: %s: %s",
            VisitorAddress(connection.peer[0]),
            refusal.status,
            refusal,
        )
        self._responses.labels(refusal.status[:3], "edge").inc()
        connection.state = BUSY
        connection.persistence = CLOSE
        body = f"{refusal.status}\n".encode()
        rest = b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        connection.reply(f"HTTP/1.1 {refusal.status}\r\n".encode(), rest)

    def _keep_house(self) -> None:
        self._tick.common_headers = common_headers(time())
        self.sweep()
        self._acceptor.report(self._tick.now)

    def _give_up(self, connection: Connection) -> None:
        if connection.state == PARTIAL:
            self._refuse(connection, Refused("408 Request Timeout", "its head took too long"))
        else:
            connection.close()


def _leave(_: Connection) -> bool:
    """Take no request, where there is no shorter way."""
    return False


def common_headers(unix_seconds: float) -> tuple[bytes, bytes, bytes]:
    """Return the header lines that every answer carries, by persistence."""
    always = f"Server: {SERVER}\r\nDate: {formatdate(unix_seconds, usegmt=True)}\r\n".encode()
    return always, always + b"Connection: keep-alive\r\n", always + b"Connection: close\r\n"
