"""Pipeline that carries all requests of a worker process over one connection to Redis.

Rule 1: commands submitted in one loop tick leave in one write, see
        :mod:`app.redirect.redis.write_buffer`; replies come back in their order.
Rule 2: a reply goes to the caller whose command it answers or to nobody. Nothing ever takes a
        caller out of the queue but its own reply or the end of the connection: who stops waiting
        leaves its slot behind, and the late reply falls into it.
Rule 3: when the connection ends, every caller is told so at once; what became of its command is
        unknown.
Rule 4: RESP2, so that the server never sends anything but replies.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
import hiredis
from gevent import ssl
from gevent.event import Event
from gevent.hub import Waiter
from prometheus_client import Counter

from app.logs.throttle import ThrottledLog
from app.redirect.redis.connection import ConnectFailed, Connection, connect
from app.redirect.redis.reconnect import Reconnecting
from app.redirect.redis.replies import (
    OnReply,
    Orphans,
    PipelineBroken,
    PipelineError,
    PipelineFull,
    ReplyLate,
    call_back,
)
from app.redirect.redis.resp import NOT_YET, encode_command
from app.redirect.redis.write_buffer import WOULD_BLOCK, InFlight, OnAnswered, WriteBuffer
from app.stores.redis.address import Address
from app.stores.redis.server import RedisServer

logger = logging.getLogger(__name__)

_RECEIVE_BYTES = 262144
_WATCH_SECONDS = 0.25
_CLOSING_STEP_SECONDS = 0.005
#: A silent connection is asked for a sign of life this often, so that a dead server is noticed
#: before a visitor's click finds out.
_PING_SECONDS = 1.0
_PING = encode_command(b"PING")

_LATE = object()


class Pipeline:
    """Sends ready-made commands and hands each reply to its callback.

    Callbacks run in the gevent hub: they may submit further commands but must not block.

    Attributes:
        connected: an Event that is set while commands can be submitted.
        heard_at: when the last reply came, by the clock; during ``on_new_server``, that of the
            former server.
        server_number: how many other server processes have answered since the first one.
        on_new_server: each called before any command is sent when a connection reaches another
            server process than the last one did, or one that was promoted since; must not block.
            What it submits goes first.
        on_end: called when a connection has ended, before anybody can ask for anything over
            another; must not block.
    """

    def __init__(
        self,
        locate: Callable[[], Address],
        *,
        name: str,
        timeout_seconds: float,
        task_failures: Counter,
        limit: int = 20_000,
        limit_bytes: int = 16 << 20,
        on_answered: OnAnswered = lambda _commands, _count: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an unconnected pipeline.

        Args:
            locate: tells where the server is, before each attempt; may block, and may raise
                ConnectFailed.
            name: what CLIENT LIST shows.
            timeout_seconds: longest wait for a connection, and for any reply before the server
                counts as hung and the connection is dropped.
            task_failures: see :class:`~app.redirect.tasks.background_task.BackgroundTask`.
            limit: most commands that may wait for their replies.
            limit_bytes: the same in bytes; a tick's commands may go past it.
            on_answered: see :class:`~app.redirect.redis.write_buffer.InFlight`; once the connection
                has ended, it has been told of all replies.
        """
        self.connected = Event()
        self.on_new_server: list[Callable[[], None]] = []
        self.on_end: Callable[[], None] | None = None
        self._locate = locate
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._loop: Any = gevent.get_hub().loop
        self._throttled = ThrottledLog(logger)
        self._broken = Event()
        self._reconnecting = Reconnecting(
            "pipeline", self._connect, self._use, self._note_absence, task_failures
        )
        self._connection: Connection | None = None
        self._server_id = ""
        self.server_number = 0
        self._room = 0
        self._is_crowded = False
        self._in_flight = InFlight(clock, on_answered, limit_bytes, self._close_to_commands)
        self._write_buffer = WriteBuffer(self._loop, self._in_flight, self._break)
        self._unsent = self._write_buffer.commands
        self._waiting: deque[OnReply] = deque()
        self.heard_at = 0.0
        self._orphans = Orphans(self._loop)
        self._watchers: dict[str, Any] = {}

    def __len__(self) -> int:
        """Return how many commands wait for their replies."""
        return len(self._waiting)

    @property
    def connection(self) -> Connection | None:
        """The connection in use; who else talks to this server compares with it, and sends none."""
        return self._connection

    def start(self) -> None:
        """Begin to connect, and to connect again whenever the connection ends; returns at once."""
        self._reconnecting.start()

    def close(self, patience_seconds: float) -> None:
        """End the connection for good; blocks the calling greenlet.

        Callers whose replies don't come within the patience get :class:`PipelineBroken`, and all
        have been told when this returns.
        """
        self._reconnecting.close()
        give_up_at = self._clock() + patience_seconds
        while self._waiting and self._clock() < give_up_at:
            gevent.sleep(_CLOSING_STEP_SECONDS)
        self._break("the pipeline was closed")
        while len(self._orphans):
            gevent.sleep(0)

    def submit(self, command: bytes, on_reply: OnReply) -> None:
        """Queue a command; ``on_reply`` is called once, later.

        It gets the reply, a :class:`hiredis.ReplyError`, or :class:`PipelineBroken`.

        Raises:
            PipelineBroken: there is no connection.
            PipelineFull: the limit is reached.
        """
        waiting = self._waiting
        if len(waiting) >= self._room:
            raise self._refusal()
        waiting.append(on_reply)
        self._unsent.append(command)
        if not self._write_buffer.is_due:
            self._write_buffer.flush_soon()

    #: The same for a click; who needs more than the master's reply has another way.
    submit_click = submit

    def make_room(self) -> None:
        """Let what was submitted leave before more is; blocks the calling greenlet."""
        gevent.sleep(0)

    def call(self, command: bytes, timeout_seconds: float) -> Any:
        """Send a command and return its reply; blocks the calling greenlet only.

        Raises:
            hiredis.ReplyError: the server's own error reply.
            PipelineError: no reply came, or none in time.
        """
        waiter: Waiter[object] = Waiter()
        self.submit(command, waiter.switch)
        timer = self._loop.timer(timeout_seconds)
        # Through a callback, because libev runs timers before what was received in the same tick.
        timer.start(self._loop.run_callback, waiter.switch, _LATE)
        try:
            reply = waiter.get()
        finally:
            timer.close()
        if reply is _LATE:
            raise ReplyLate(f"no reply within {timeout_seconds * 1000:.0f} ms")
        if isinstance(reply, Exception):
            raise reply
        return reply

    def reconnect(self, reason: str) -> None:
        """End the connection and make another; whoever answers counts as another server.

        Callers whose replies are missing get :class:`PipelineBroken`.
        """
        self._server_id = reason
        self._break(reason)

    def doubt_server(self) -> None:
        """Tell who waits for another server that this one may lose what it confirmed last."""
        for tell in self.on_new_server:
            _call(tell)

    def oldest_age(self) -> float:
        """Return for how many seconds the oldest command has waited for its reply; 0 if none.

        As of the last tick of the event loop, see :class:`InFlight`.
        """
        return self._in_flight.oldest_seconds

    def _close_to_commands(self) -> None:
        self._is_crowded, self._room = True, 0

    def _refusal(self) -> PipelineError:
        if self._connection is None:
            return PipelineBroken("there is no connection to Redis")
        return PipelineFull(f"{len(self)} commands wait for their replies")

    def _connect(self) -> Connection:
        return connect(self._locate(), name=self._name, timeout_seconds=self._timeout_seconds)

    def _note_absence(self, error: ConnectFailed) -> None:
        self._throttled.warning("connect", "%s", error)

    def _use(self, connection: Connection) -> None:
        try:
            self._attach(connection)
        except Exception:
            self._break("it could not be used")
            raise
        self._broken.wait()

    def _attach(self, connection: Connection) -> None:
        self._connection = connection
        connection.socket.setblocking(False)
        self._write_buffer.open(connection.socket)
        self._watchers = {
            "read": self._loop.io(connection.socket.fileno(), 1),
            "age": self._loop.timer(_WATCH_SECONDS, _WATCH_SECONDS),
            "polled": self._loop.check(),
            "tick": self._loop.prepare(),
        }
        self._watchers["read"].start(self._receive)
        self._watchers["age"].start(self._watch_age)
        self._watchers["polled"].start(self._in_flight.note_poll)
        self._watchers["tick"].start(self._assess_age)
        self._broken.clear()
        self._room = self._limit
        self._notice_server(connection.server)
        self.heard_at = self._clock()
        self.connected.set()

    def _notice_server(self, server: RedisServer) -> None:
        is_other = bool(self._server_id) and server.id != self._server_id
        self._server_id = server.id
        if is_other:
            self.server_number += 1
            logger.warning("Redis was restarted or failed over: another server process answers")
            self.doubt_server()

    def _receive(self) -> None:
        connection = self._connection
        while connection is not None and connection is self._connection:
            try:
                received = connection.socket.recv(_RECEIVE_BYTES)
            except WOULD_BLOCK:
                return
            except OSError as error:
                self._break(f"receiving failed: {error}")
                return
            if not received:
                self._break("the server closed the connection")
                return
            connection.reader.feed(received)
            self._deliver(connection)
            # A TLS socket may hold decrypted bytes that no watcher of its descriptor reports.
            if not isinstance(connection.socket, ssl.SSLSocket):
                return

    def _deliver(self, connection: Connection) -> None:
        waiting, gets, in_flight = self._waiting, connection.reader.gets, self._in_flight
        self.heard_at = self._clock()
        # A callback may end the connection; what is left in the reader then belongs to nobody.
        while connection is self._connection:
            try:
                reply = gets()
            except hiredis.ProtocolError as error:
                self._break(f"the server sent nonsense: {error}")
                return
            if reply is NOT_YET:
                self._write_buffer.note_answers()
                return
            if not waiting:
                self._break("the server sent a reply that nobody asked for")
                return
            in_flight.answered += 1
            call_back(waiting.popleft(), reply)

    def _assess_age(self) -> None:
        self._in_flight.assess()
        if self._is_crowded and self._in_flight.waiting_bytes < self._limit_bytes:
            self._is_crowded, self._room = False, self._limit

    def _watch_age(self) -> None:
        if self._in_flight.oldest_seconds > self._timeout_seconds:
            self._break(f"no reply for {self._timeout_seconds:g} s")
        elif not self._waiting and self._clock() - self.heard_at >= _PING_SECONDS:
            self.submit(_PING, _ignore)

    def _break(self, reason: str) -> None:
        if self._connection is None:
            return
        self._throttled.warning("broken", "Connection to Redis ended: %s", reason)
        for watcher in self._watchers.values():
            watcher.close()
        self._connection.socket.close()
        self._connection = None
        self._room = 0
        self._is_crowded = False
        self.connected.clear()
        orphans, self._waiting = self._waiting, deque()
        self._write_buffer.close()
        self._in_flight.reset()
        if self.on_end is not None:
            self.on_end()
        self._broken.set()
        self._orphans.fail(orphans, reason)


def _call(tell: Callable[[], None]) -> None:
    try:
        tell()
    except Exception:
        # One listener's fault must not cost the others what they have to send again.
        logger.exception("A listener for new servers failed")


def _ignore(_: object) -> None:
    """Drop a reply that nobody waits for."""
