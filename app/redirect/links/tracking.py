"""Listener that hears from Redis which links change: CLIENT TRACKING on its own connection.

Rule: what it hears counts only while the pipeline's connection lasts as well, and both reached the
      same server, a master. A server that was replaced or that follows another may live on and
      hear of no change. Where the server is, the pipeline alone decides; this follows.

Source: https://redis.io/docs/latest/develop/reference/client-side-caching/ (RESP3 pushes).
"""

import logging
from typing import Protocol

import hiredis
from gevent import socket
from prometheus_client import Counter

from app.logs.throttle import ThrottledLog
from app.redirect.redis.connection import ConnectFailed, Connection, connect
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.reconnect import Reconnecting
from app.redirect.redis.resp import NOT_YET, encode_command
from app.stores.keys import LINK_PREFIX
from app.stores.redis.address import named
from app.stores.redis.server import RedisServer

logger = logging.getLogger(__name__)

_TRACK = (b"CLIENT", b"TRACKING", b"ON", b"BCAST", b"PREFIX", LINK_PREFIX.encode())
_PING = encode_command(b"PING")
_RECEIVE_BYTES = 65536


class Listener(Protocol):
    """Who is told; nothing here may block or raise."""

    def watch_began(self) -> None:
        """Rely on being told of every change from now on."""

    def watch_ended(self) -> None:
        """Take changes for missed from some moment shortly before now."""

    def changed(self, code: str) -> None:
        """Take the link for created, changed or removed."""

    def all_changed(self) -> None:
        """Take any link for changed, e.g. because the database was emptied."""


class Tracking:
    """Keeps one tracking connection beside a pipeline's and tells a listener what it says."""

    def __init__(
        self,
        pipeline: Pipeline,
        listener: Listener,
        *,
        name: str,
        timeout_seconds: float,
        task_failures: Counter,
    ) -> None:
        """Make a tracking that has not begun.

        Args:
            pipeline: reads what is watched; its ``on_end`` is taken.
            timeout_seconds: silence after which the server is asked for a sign of life, and after
                which, asked, it counts as gone.
            task_failures: see :class:`~app.redirect.tasks.background_task.BackgroundTask`.
        """
        self._pipeline = pipeline
        self._listener = listener
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._throttled = ThrottledLog(logger)
        self._reconnecting = Reconnecting(
            "tracking", self._connect, self._listen, self._note_absence, task_failures
        )
        self._leading: Connection | None = None
        self._watching: Connection | None = None
        pipeline.on_end = self._end_watch

    def start(self) -> None:
        """Begin to connect, and again whenever a connection ends; returns at once."""
        self._reconnecting.start()

    def close(self) -> None:
        """End the connection for good."""
        self._reconnecting.close()

    def _connect(self) -> Connection:
        self._pipeline.connected.wait()
        self._leading = leading = self._pipeline.connection
        if leading is None:
            raise ConnectFailed("the connection that reads links has ended again")
        connection = connect(
            leading.address,
            name=self._name,
            timeout_seconds=self._timeout_seconds,
            protocol=3,
            last=_TRACK,
            peer=leading.peer,
        )
        refusal = why_unheard(leading.server, connection.server)
        if refusal:
            connection.socket.close()
            raise ConnectFailed(f"{named(leading.address, leading.peer)} {refusal}")
        return connection

    def _note_absence(self, error: ConnectFailed) -> None:
        self._throttled.warning("connect", "Changes of links are not heard: %s", error)

    def _listen(self, connection: Connection) -> None:
        try:
            self._begin_watch(connection)
            while self._watching is connection:
                self._tell(connection.reader)
                connection.reader.feed(self._receive(connection.socket))
        except (OSError, hiredis.ProtocolError) as error:
            self._throttled.warning("lost", "Changes of links are no longer heard: %s", error)
        finally:
            connection.socket.close()
            self._end_watch()

    def _begin_watch(self, connection: Connection) -> None:
        # The pipeline may have moved on while this connection was made.
        if self._pipeline.connection is self._leading:
            self._watching = connection
            self._listener.watch_began()

    def _end_watch(self) -> None:
        if self._watching is not None:
            watching, self._watching = self._watching, None
            self._listener.watch_ended()
            # Whoever waits for what it says is woken by this.
            watching.socket.close()

    def _receive(self, opened: socket.socket) -> bytes:
        try:
            received: bytes = opened.recv(_RECEIVE_BYTES)
        except TimeoutError:
            opened.sendall(_PING)
            received = opened.recv(_RECEIVE_BYTES)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        return received

    def _tell(self, reader: hiredis.Reader) -> None:
        while (told := reader.gets()) is not NOT_YET:
            if isinstance(told, hiredis.PushNotification) and told[0] == b"invalidate":
                self._tell_changed(told[1])

    def _tell_changed(self, keys: list[bytes] | None) -> None:
        if keys is None:
            self._listener.all_changed()
            return
        for key in keys:
            self._listener.changed(key.decode("utf-8", "replace").removeprefix(LINK_PREFIX))


def why_unheard(reads: RedisServer, tells: RedisServer) -> str:
    """Tell why changes told by one server don't vouch for what is read from another; '' if they do.

    Of servers that INFO may not be asked of, nothing is known and nothing held against them.
    """
    if reads.id != tells.id:
        return "leads now to one server and now to another"
    if tells.is_replica:
        return "is a replica, to which changes may come late or never"
    return ""
