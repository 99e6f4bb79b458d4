import socket
from types import SimpleNamespace

from app.gunicorn.watchdog import keep_watch
from app.processes.systemd import Notifier


def test_every_round_of_the_loop_pings_after_looking_after_the_workers(tmp_path):
    path = str(tmp_path / "notify")
    looked = []
    arbiter = SimpleNamespace(murder_workers=lambda: looked.append("looked"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(60)
        keep_watch(arbiter, Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "20000000"}))
        arbiter.murder_workers()
        assert systemd.recv(100) == b"WATCHDOG=1"
    assert looked == ["looked"]


def test_without_a_watchdog_the_arbiter_is_left_as_it_is():
    arbiter = SimpleNamespace(murder_workers=print)
    keep_watch(arbiter, Notifier({}))
    assert arbiter.murder_workers is print
