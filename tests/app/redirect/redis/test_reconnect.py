import gevent
import pytest

from app.redirect.redis.connection import ConnectFailed
from app.redirect.redis.reconnect import Reconnecting
from tests.support.redirect.pipelines import task_failures
from tests.support.redirect.waiting import wait_until


class Server:
    """Gives what it was told to, one for each connection asked for; then nothing any more."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.used = []
        self.in_vain = []
        self.failures = task_failures()
        self.reconnecting = Reconnecting(
            "pipeline", self.connect, self.used.append, self.in_vain.append, self.failures
        )

    def connect(self):
        if not self.outcomes:
            gevent.sleep(60)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def faults(self):
        return self.failures.labels("pipeline")._value.get()


@pytest.fixture
def start():
    servers = []

    def start_one(*outcomes):
        servers.append(Server(*outcomes))
        servers[-1].reconnecting.start()
        wait_until(lambda: not servers[-1].outcomes)
        return servers[-1]

    yield start_one
    for server in servers:
        server.reconnecting.close()


def test_each_connection_that_ends_is_followed_by_another(start):
    server = start("first", "second", "third")
    wait_until(lambda: server.used == ["first", "second", "third"])
    assert server.in_vain == []


def test_why_there_is_no_connection_is_told_each_time(start):
    away, full = ConnectFailed("away"), ConnectFailed("full")
    server = start(away, full, "a connection")
    wait_until(lambda: server.used == ["a connection"])
    assert server.in_vain == [away, full]
    assert server.faults() == 0


def test_a_fault_is_counted_and_survived(start):
    server = start(ZeroDivisionError("for a test"), "a connection")
    wait_until(lambda: server.used == ["a connection"])
    assert server.in_vain == []
    assert server.faults() == 1


def test_a_closed_one_connects_no_more(start):
    server = start("first")
    server.reconnecting.close()
    server.outcomes.append("second")
    gevent.sleep(0.1)
    assert server.used == ["first"]
