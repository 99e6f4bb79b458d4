import socket

import pytest

from app.processes.systemd import Notifier
from workers.supervisor.systemd import Unit


@pytest.fixture
def systemd(tmp_path):
    """The socket to which a service under systemd speaks."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


@pytest.fixture
def now_ns():
    return [5_000_000_000]


@pytest.fixture
def unit(systemd, now_ns):
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000000"}
    return Unit(Notifier(environ), lambda: now_ns[0])


def heard(systemd: socket.socket) -> list[list[str]]:
    told = []
    while True:
        try:
            told.append(systemd.recv(4096).decode().split("\n"))
        except BlockingIOError:
            return told


def test_it_is_ready_once_and_says_how_it_fares(unit, systemd):
    unit.show("starting", is_ready=False, is_healthy=False)
    unit.show("running", is_ready=True, is_healthy=False)
    unit.show("running", is_ready=True, is_healthy=False)
    assert heard(systemd) == [["STATUS=starting"], ["READY=1", "STATUS=running"]]


def test_a_reload_has_a_time_and_ends_with_ready(unit, systemd):
    unit.show("running", is_ready=True, is_healthy=False)
    unit.note_reloading()
    unit.show("reloading", is_ready=False, is_healthy=False)
    unit.show("running", is_ready=True, is_healthy=False)
    assert heard(systemd)[1:] == [
        ["RELOADING=1", "MONOTONIC_USEC=5000000"],
        ["STATUS=reloading"],
        ["READY=1", "STATUS=running"],
    ]


def test_the_watchdog_is_pinged_in_time_while_healthy(unit, systemd, now_ns):
    unit.show("", is_ready=False, is_healthy=True)
    unit.show("", is_ready=False, is_healthy=True)
    assert heard(systemd) == [["WATCHDOG=1"]]
    now_ns[0] += int(unit.look_seconds * 1e9)
    unit.show("", is_ready=False, is_healthy=False)
    assert heard(systemd) == []
    unit.show("", is_ready=False, is_healthy=True)
    assert heard(systemd) == [["WATCHDOG=1"]]
    assert unit.look_seconds <= 20 / 2


def test_it_says_that_it_stops(unit, systemd):
    unit.note_stopping()
    assert heard(systemd) == [["STOPPING=1", "STATUS=draining"]]


def test_without_systemd_there_is_nobody_to_tell():
    unit = Unit(Notifier({}))
    unit.show("running", is_ready=True, is_healthy=True)
    unit.note_reloading()
    unit.note_stopping()
    assert unit.look_seconds == float("inf")
