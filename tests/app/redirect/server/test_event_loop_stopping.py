import gevent
import pytest
from gevent import socket
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.server.accept_balancing import SlotTable, WorkerSlot
from app.redirect.server.connection import Connection
from app.redirect.server.event_loop import ConnectionServer
from app.redirect.server.request_parser import Limits, RequestParser
from app.redirect.server.timeouts import Timeouts
from tests.support.redirect.waiting import wait_until
from tests.support.server.visits import GET

STATUS_LINE = b"HTTP/1.1 204 No Content\r\n"


class Visitors:
    """Take the part of the application: keeps requests until they are answered."""

    take_plain = None

    def __init__(self):
        self.at_work = []

    def dispatch(self, connection, _request, _head):
        self.at_work.append(connection)

    def answer_next(self):
        wait_until(lambda: self.at_work)
        self.at_work.pop(0).reply(STATUS_LINE, b"\r\n")


@pytest.fixture
def visitors():
    return Visitors()


@pytest.fixture
def server(visitors):
    made = ConnectionServer(
        [],
        RequestParser(Limits()),
        visitors,
        Timeouts(),
        capacity=10,
        slot=WorkerSlot(SlotTable(), 0),
        fallbacks=(),
        metrics=RedirectMetrics(CollectorRegistry()),
    )
    made.start()
    yield made
    made.close_all()


@pytest.fixture
def client(server):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    Connection(server._tick, None, ours._sock, ("127.0.0.1", 1234))
    with theirs:
        theirs.settimeout(5)
        yield theirs


def test_who_was_not_told_to_leave_is_still_answered_once_more(server, visitors, client):
    client.sendall(GET % b"first")
    visitors.answer_next()
    server.stop()
    first = client.recv(1000)
    assert b"Connection: close" not in first
    client.sendall(GET % b"second")
    visitors.answer_next()
    second = client.recv(1000)
    assert second.startswith(STATUS_LINE)
    assert b"Connection: close" in second
    assert client.recv(1000) == b""


def test_who_is_answered_after_the_stop_is_told_to_leave(server, visitors, client):
    client.sendall(GET % b"first")
    wait_until(lambda: visitors.at_work)
    server.stop()
    gevent.sleep(0)
    visitors.answer_next()
    assert b"Connection: close" in client.recv(1000)
    assert client.recv(1000) == b""
