"""Connections in one process, whose every move the table of states must allow."""

import socket
from contextlib import suppress
from itertools import product
from types import SimpleNamespace

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.server.accept_balancing import SlotTable, WorkerSlot
from app.redirect.server.connection import ClientGone, Connection
from app.redirect.server.event_loop import ConnectionServer
from app.redirect.server.request_parser import Limits, RequestParser
from app.redirect.server.states import (
    ANSWERED,
    BUSY,
    CLOSED,
    DONE,
    IDLE,
    LINGERING,
    MOVES,
    NEW,
    PARTIAL,
    READING,
    SENDING,
    SILENT,
    STREAMING,
    WORKING,
    may_move,
)
from app.redirect.server.timeouts import Timeouts

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
LAST_REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#: More than any socket's buffer takes at once.
LARGE = b"x" * 200_000


class Client:
    """A client, the server that serves it, and the application that answers when told."""

    take_plain = None

    def __init__(self) -> None:
        self.moves: set[tuple[int, int]] = set()
        self.at_work: list[Connection] = []
        self.server = ConnectionServer(
            [],
            RequestParser(Limits()),
            self,
            Timeouts(),
            capacity=10,
            slot=WorkerSlot(SlotTable(), 0),
            fallbacks=(),
            metrics=RedirectMetrics(CollectorRegistry()),
        )
        self.server.start()
        ours, self.sock = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.sock.setblocking(False)
        self.connection = WatchedConnection(
            self.server._tick, SimpleNamespace(moves=self.moves), ours, ("127.0.0.1", 1)
        )

    def dispatch(self, connection: Connection, _request: object, _head: bytes) -> None:
        self.at_work.append(connection)

    def send(self, data: bytes) -> None:
        with suppress(OSError):
            self.sock.send(data)

    def read(self) -> None:
        with suppress(OSError):
            while self.sock.recv(1 << 20):
                settle()

    def end(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def leave(self) -> None:
        self.sock.close()

    def reply(self, body: bytes = b"") -> None:
        if self.at_work:
            line = b"HTTP/1.1 200 OK\r\n"
            self.at_work.pop(0).reply(line, b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def stream(self, *parts: bytes) -> None:
        """Write an answer in parts, in a greenlet that waits while the client is behind."""
        if self.at_work:
            gevent.spawn(self._stream, self.at_work.pop(0), parts)

    def _stream(self, connection: Connection, parts: tuple[bytes, ...]) -> None:
        with suppress(ClientGone):
            for part in parts:
                connection.write(part)
                gevent.sleep(0)
            connection.finish()

    def close(self) -> None:
        self.server.close_all()
        self.sock.close()
        gevent.sleep(0)


class WatchedConnection(Connection):
    """Notes each move between two states."""

    __slots__ = ("_state",)

    @property
    def state(self) -> int:
        return self._state

    @state.setter
    def state(self, after: int) -> None:
        self.listener.moves.add((getattr(self, "_state", NEW), after))
        self._state = after


def settle() -> None:
    """Let the server and the application do all that they can."""
    for _ in range(3):
        gevent.idle()


STEPS = {
    "send a part": lambda client: client.send(REQUEST[:10]),
    "send the rest": lambda client: client.send(REQUEST[10:]),
    "send a request": lambda client: client.send(REQUEST),
    "send the last request": lambda client: client.send(LAST_REQUEST),
    "send nonsense": lambda client: client.send(b"\0\r\n\r\n"),
    "read": Client.read,
    "end": Client.end,
    "leave": Client.leave,
    "reply": Client.reply,
    "reply at length": lambda client: client.reply(LARGE),
    "stream": lambda client: client.stream(b"a", b"b"),
    "stream some": lambda client: client.stream(LARGE[:60_000], b"b"),
    "stream at length": lambda client: client.stream(LARGE, b"b"),
    "say it is the end": lambda client: client.server.stop(),
}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=15))
def test_whatever_client_and_application_do_a_connection_moves_as_the_table_says(steps):
    client = Client()
    try:
        for step in steps:
            STEPS[step](client)
            settle()
    finally:
        client.close()
    assert [move for move in client.moves if not may_move(*move)] == []
    assert client.connection.state == CLOSED


WAYS = (
    ("send a part", "send the rest", "reply", "send a part", "send the rest"),
    ("send a request", "reply at length", "read", "send a request"),
    ("send a request", "stream at length", "read"),
    ("send a request", "stream some", "read"),
    ("send the last request", "send a request", "reply"),
    ("send the last request", "send a request", "reply at length", "read"),
)


def test_every_move_of_the_table_happens():
    seen: set[tuple[int, int]] = set()
    for way in WAYS:
        client = Client()
        for step in way:
            STEPS[step](client)
            settle()
        client.close()
        seen |= client.moves
    expected = {(before, after) for before in MOVES for after in MOVES if after & MOVES[before]}
    assert expected - seen == set()
    assert [move for move in seen if not may_move(*move)] == []


ALL = (NEW, IDLE, PARTIAL, BUSY, ANSWERED, STREAMING, SENDING, LINGERING, CLOSED)


def test_each_state_is_a_bit_of_its_own_and_has_its_moves():
    assert sum(ALL) == (1 << len(ALL)) - 1
    assert tuple(MOVES) == ALL


def test_the_named_sets_part_all_states_that_are_no_end():
    assert sum(ALL) == READING | WORKING | LINGERING | CLOSED
    assert not READING & WORKING
    assert SILENT | PARTIAL == READING
    assert DONE & WORKING == DONE


@pytest.mark.parametrize(("before", "after"), [*product(ALL, ALL)])
def test_from_any_state_it_may_close_and_from_the_end_nowhere(before, after):
    assert may_move(before, CLOSED)
    if before == CLOSED:
        assert may_move(before, after) == (after == CLOSED)
