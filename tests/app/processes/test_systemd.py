import os
import socket

import pytest

from app.processes import systemd as notify
from app.processes.systemd import READY, WATCHDOG, Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """A socket as systemd listens on, and the variable that names it."""
    name = f"@hopline-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0"))
        listening.settimeout(60)
        yield listening, {"NOTIFY_SOCKET": name}


def test_what_is_told_arrives_in_one_datagram(systemd):
    listening, environ = systemd
    Notifier(environ).tell(READY, WATCHDOG, status="4 consumers")
    assert listening.recv(4096) == b"READY=1\nWATCHDOG=1\nSTATUS=4 consumers"


def test_no_status_is_said_unless_there_is_one(systemd):
    listening, environ = systemd
    Notifier(environ).tell(WATCHDOG)
    assert listening.recv(4096) == b"WATCHDOG=1"


def test_outside_systemd_nothing_is_told():
    Notifier({}).tell(READY)


def test_a_systemd_that_is_gone_is_only_logged(tmp_path, caplog):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell(READY)
    assert "can't tell systemd ['READY=1']" in caplog.text


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_patience_is_read(given, seconds):
    assert Notifier({"NOTIFY_SOCKET": "/run/notify", **given}).watchdog_seconds == seconds


def test_without_systemd_there_is_no_watchdog():
    assert Notifier({"WATCHDOG_USEC": "500000"}).watchdog_seconds is None


def test_a_systemd_that_does_not_read_holds_nobody_up(systemd, monkeypatch, caplog):
    listening, environ = systemd
    monkeypatch.setattr(notify, "_SEND_SECONDS", 0.01)
    notifier = Notifier(environ)
    # As many as the socket's queue takes, and one more: net.unix.max_dgram_qlen is 512 at most
    # wherever nobody raised it.
    for _ in range(600):
        notifier.tell(WATCHDOG)
        if caplog.text:
            break
    assert "can't tell systemd" in caplog.text
    assert listening.recv(4096) == b"WATCHDOG=1"
