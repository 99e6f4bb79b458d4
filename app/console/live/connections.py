"""Connections that are written to by one loop, in a thread of its own.

Rule: whoever doesn't read what is sent is hung up on, rather than waited for.
"""

import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

logger = logging.getLogger(__name__)

#: Why a connection ended.
Reason = Literal["gone", "slow", "refused", "ended"]
#: Bytes that wait for a client; some hundreds of clicks, beside what its connection takes.
_MOST_BYTES = 131_072
_READ_BYTES = 4096


class Connection:
    """One client.

    Args:
        is_chunked: whether what is sent stands in chunks (RFC 9112 §7.1), and has an end.
        on_end: told once that it has ended, in the loop's thread.
    """

    def __init__(
        self,
        held: socket.socket,
        *,
        is_chunked: bool,
        on_end: Callable[["Connection", Reason], None],
    ) -> None:
        held.setblocking(False)
        self.socket = held
        self.waiting = bytearray()
        self.on_end = on_end
        self._is_chunked = is_chunked

    def framed(self, data: bytes) -> bytes:
        """Return what a piece of the answer is on the wire."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data

    @property
    def last(self) -> bytes:
        """What the answer ends with."""
        return b"0\r\n\r\n" if self._is_chunked else b""


class Connections:
    """Loop over connections; every method may be called from any thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        for each in (self._wake, self._woken):
            each.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._calls: deque[Callable[[], None]] = deque()
        self._open: set[Connection] = set()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, connection: Connection) -> None:
        """Take a connection on."""
        self._call(lambda: self._add(connection))

    def send(self, connections: Iterable[Connection], data: bytes) -> None:
        """Send the same to some connections, those that are there still."""
        chosen = list(connections)
        self._call(lambda: self._send(chosen, data))

    def end(self, connections: Iterable[Connection], data: bytes, reason: Reason) -> None:
        """End some connections, behind what is sent last."""
        chosen = list(connections)
        self._call(lambda: self._end(chosen, data, reason))

    def _call(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-sockets", daemon=True)
                self._thread.start()
        try:
            self._wake.send(b"\0")
        except BlockingIOError:
            # It is being woken as it is.
            return

    def _run(self) -> None:
        while True:
            for key, events in self._selector.select():
                if key.data is None:
                    self._woken.recv(_READ_BYTES)
                else:
                    self._look(key.data, events)
            while self._calls:
                try:
                    self._calls.popleft()()
                except Exception:
                    logger.exception("A live connection could not be served")

    def _add(self, connection: Connection) -> None:
        self._open.add(connection)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _send(self, connections: Iterable[Connection], data: bytes) -> None:
        for connection in connections:
            if connection in self._open:
                connection.waiting += connection.framed(data)
                self._flush(connection)

    def _end(self, connections: Iterable[Connection], data: bytes, reason: Reason) -> None:
        for connection in connections:
            if connection in self._open:
                connection.waiting += connection.framed(data) if data else b""
                connection.waiting += connection.last
                self._flush(connection)
                self._drop(connection, reason)

    def _look(self, connection: Connection, events: int) -> None:
        if connection not in self._open:
            return
        if events & selectors.EVENT_WRITE:
            self._flush(connection)
        if events & selectors.EVENT_READ and connection in self._open:
            try:
                # What a client sends now is nothing that anybody waits for.
                is_there = bool(connection.socket.recv(_READ_BYTES))
            except BlockingIOError:
                return
            except OSError:
                is_there = False
            if not is_there:
                self._drop(connection, "gone")

    def _flush(self, connection: Connection) -> None:
        try:
            sent = connection.socket.send(connection.waiting) if connection.waiting else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(connection, "gone")
            return
        del connection.waiting[:sent]
        if len(connection.waiting) > _MOST_BYTES:
            self._drop(connection, "slow")
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.waiting else 0)
        self._selector.modify(connection.socket, wanted, connection)

    def _drop(self, connection: Connection, reason: Reason) -> None:
        self._open.discard(connection)
        self._selector.unregister(connection.socket)
        connection.socket.close()
        connection.on_end(connection, reason)
