import socket

import pytest

from app.processes.systemd import Notifier
from workers.supervisor.systemd import SystemdNotifier


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
def notifier(systemd, now_ns):
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000000"}
    return SystemdNotifier(Notifier(environ), lambda: now_ns[0])


def heard(systemd: socket.socket) -> list[list[str]]:
    told = []
    while True:
        try:
            told.append(systemd.recv(4096).decode().split("\n"))
        except BlockingIOError:
            return told


def test_it_is_ready_once_and_says_how_it_fares(notifier, systemd):
    notifier.show("starting", is_ready=False, is_healthy=False)
    notifier.show("running", is_ready=True, is_healthy=False)
    notifier.show("running", is_ready=True, is_healthy=False)
    assert heard(systemd) == [["STATUS=starting"], ["READY=1", "STATUS=running"]]


def test_a_reload_has_a_time_and_ends_with_ready(notifier, systemd):
    notifier.show("running", is_ready=True, is_healthy=False)
    notifier.note_reloading()
    notifier.show("reloading", is_ready=False, is_healthy=False)
    notifier.show("running", is_ready=True, is_healthy=False)
    assert heard(systemd)[1:] == [
        ["RELOADING=1", "MONOTONIC_USEC=5000000"],
        ["STATUS=reloading"],
        ["READY=1", "STATUS=running"],
    ]


def test_the_watchdog_is_pinged_in_time_while_healthy(notifier, systemd, now_ns):
    notifier.show("", is_ready=False, is_healthy=True)
    notifier.show("", is_ready=False, is_healthy=True)
    assert heard(systemd) == [["WATCHDOG=1"]]
    now_ns[0] += int(notifier.look_seconds * 1e9)
    notifier.show("", is_ready=False, is_healthy=False)
    assert heard(systemd) == []
    notifier.show("", is_ready=False, is_healthy=True)
    assert heard(systemd) == [["WATCHDOG=1"]]
    assert notifier.look_seconds <= 20 / 2


def test_it_says_that_it_stops(notifier, systemd):
    notifier.note_stopping()
    assert heard(systemd) == [["STOPPING=1", "STATUS=draining"]]


def test_without_systemd_there_is_nobody_to_tell():
    notifier = SystemdNotifier(Notifier({}))
    notifier.show("running", is_ready=True, is_healthy=True)
    notifier.note_reloading()
    notifier.note_stopping()
    assert notifier.look_seconds == float("inf")
