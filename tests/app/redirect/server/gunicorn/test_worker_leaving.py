import os
import signal
import time
from functools import partial

import psutil
import pytest

from tests.support.server.gunicorn_server import Gunicorn
from tests.support.server.raw_client import Reader
from tests.support.server.visits import GET, ONCE, Load, ask, under_load, wait_for

#: What a stop must not wait for, and less, which it doesn't take on a busy machine either.
PATIENT = ("--graceful-timeout", "60")
_LONG = 50.0

SLOW_END = """
import pathlib, gevent
def worker_exit(server, worker):
    pathlib.Path({path!r}).touch()
    gevent.sleep(5)
"""


def test_without_its_arbiter_a_worker_leaves_and_answers_nobody_while_it_closes(tmp_path):
    closing, config = tmp_path / "closing", tmp_path / "slow_end.py"
    config.write_text(SLOW_END.format(path=str(closing)))
    with Gunicorn(tmp_path, "-c", str(config)) as server:
        (worker,) = map(psutil.Process, server.workers())
        client = Load(server, b"f1", keep=True)
        client.start()
        wait_for(lambda: client.outcomes["302"] > 2)
        psutil.Process(server.pid).kill()
        wait_for(closing.exists)
        time.sleep(2)  # for what was on its way to the client
        before = client.outcomes["302"]
        wait_for(lambda: not is_alive(worker))
        assert client.stop()["302"] == before


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("path", [b"f1", b"w1", b"slow/0.05/"], ids=["fast", "WSGI", "waiting"])
@pytest.mark.parametrize("keep", [True, False], ids=["kept", "new"])
def test_stopping_under_load_loses_no_request(tmp_path, path, keep):
    with Gunicorn(tmp_path, *PATIENT) as server:

        def stop() -> None:
            server.signal(signal.SIGTERM)
            server.wait_until_gone(_LONG)

        outcomes = under_load(server, path, keep=keep, during=stop)
    # A newcomer may find the door just closed, before it has been heard.
    assert set(outcomes) <= {"302", "refused"} | (set() if keep else {"closed", _RESET}), outcomes


_RESET = "ConnectionResetError(104, 'Connection reset by peer')"


@pytest.mark.parametrize("path", [b"f1", b"slow/0.05/"], ids=["fast", "waiting"])
@pytest.mark.parametrize("keep", [True, False], ids=["kept", "new"])
def test_a_reload_under_load_fails_no_request(tmp_path, path, keep):
    with Gunicorn(tmp_path, "-w", "2") as server:
        wait_for(lambda: len(server.workers()) == 2)

        def reload() -> None:
            before = set(server.workers())
            server.signal(signal.SIGHUP)
            wait_for(partial(are_replaced, server, before))

        outcomes = under_load(server, path, keep=keep, during=reload)
    assert set(outcomes) == {"302"}, outcomes


def are_replaced(server: Gunicorn, before: set[int]) -> bool:
    now = server.workers()
    return len(now) == len(before) and not before & set(now)


def who_answers(server: Gunicorn) -> int:
    with server.connect() as sock:
        sock.sendall(ONCE % b"who")
        return int(Reader(sock).next().token.strip("/"))


def test_old_workers_serve_until_new_ones_have_loaded(tmp_path):
    held = tmp_path / "held"
    with Gunicorn(tmp_path, "-w", "2", app=f"slow_to_load({str(held)!r})") as server:
        wait_for(lambda: len(server.workers()) == 2)
        old = set(server.workers())
        held.touch()
        server.signal(signal.SIGHUP)
        wait_for(lambda: len(server.workers()) == 4)
        # Asked often enough that those that were told to leave must have heard it meanwhile.
        assert {who_answers(server) for _ in range(100)} <= old
        held.unlink()
        wait_for(partial(are_replaced, server, old))


def test_old_workers_serve_on_however_busy_the_machine_is(tmp_path):
    held = tmp_path / "held"
    with Gunicorn(tmp_path, app=f"slow_to_load({str(held)!r})") as server:
        old = server.workers()
        held.touch()
        server.signal(signal.SIGHUP)
        wait_for(lambda: "loads slowly" in server.log)
        time.sleep(6)  # longer than a worker takes to load on a machine that is not busy
        assert {who_answers(server) for _ in range(20)} == set(old)
        held.unlink()
        wait_for(partial(are_replaced, server, set(old)))


def test_a_stop_waits_for_no_worker_that_only_starts(tmp_path):
    held = tmp_path / "held"
    with Gunicorn(tmp_path, app=f"slow_to_load({str(held)!r})") as server:
        (old,) = map(psutil.Process, server.workers())
        held.touch()
        server.signal(signal.SIGHUP)
        # Before it loads, a worker has begun to hear signals.
        wait_for(lambda: "loads slowly" in server.log)
        for pid in server.workers():
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not is_alive(old))


def test_stopping_finishes_what_is_at_work_and_closes_what_is_idle(tmp_path):
    with (
        Gunicorn(tmp_path, *PATIENT) as server,
        server.connect() as idle,
        server.connect() as busy,
    ):
        idle.sendall(GET % b"f1")
        reader = Reader(idle)
        assert reader.next().status == 302
        busy.sendall(GET % b"f0" + GET % b"slow/3.0/x" + GET % b"f2")
        of_busy = Reader(busy)
        # What came with it is at work by then.
        assert of_busy.next().token == "/f0"
        server.signal(signal.SIGTERM)
        answers = of_busy.all()
        assert [answer.token for answer in answers] == ["/slow/3.0/x"]
        assert answers[0].headers["connection"] == "close"
        assert reader.next() is None
        server.wait_until_gone(_LONG)


def test_stopping_takes_no_longer_than_the_graceful_timeout(tmp_path):
    with Gunicorn(tmp_path, "--graceful-timeout", "2") as server, server.connect() as sock:
        sock.sendall(GET % b"f0" + GET % b"slow/60/")
        assert Reader(sock).next().token == "/f0"
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait_until_gone(_LONG)
        assert time.monotonic() - began > 1.5


def test_a_worker_leaves_after_its_maximum_of_requests(tmp_path):
    with Gunicorn(tmp_path, "--max-requests", "20") as server:
        (before,) = server.workers()
        for _ in range(30):
            assert ask(server) == 302
        wait_for(lambda: server.workers() not in ([], [before]))
        assert ask(server) == 302


def test_quitting_is_quick(tmp_path):
    with Gunicorn(tmp_path, *PATIENT) as server, server.connect() as sock:
        sock.sendall(GET % b"slow/60/")
        time.sleep(0.1)
        server.signal(signal.SIGINT)
        server.wait_until_gone(_LONG)
