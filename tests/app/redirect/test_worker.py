"""The worker under gunicorn's arbiter: signals, reload, sockets, limits."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import psutil
import pytest
from gunicorn.config import Config

from app.redirect.worker import differing
from tests.app.redirect.http.gunicorn_server import ROOT, Gunicorn
from tests.app.redirect.http.raw_client import Reader

QUICK = "tests.app.redirect.http.quick_worker.QuickWorker"
GET = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"
ONCE = b"GET /%b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask(server: Gunicorn, path: bytes = b"f1") -> int:
    with server.connect() as sock:
        sock.sendall(ONCE % path)
        return Reader(sock).next().status


class Load(threading.Thread):
    """Sends requests until told to stop, and counts what comes of them.

    A kept connection that the server closes instead of answering is counted as "closed": HTTP
    allows it between requests, and a client sends the request again.
    """

    def __init__(self, server: Gunicorn, path: bytes, *, keep: bool) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._request = (GET if keep else ONCE) % path
        self._keep = keep
        self._stopped = threading.Event()
        self.outcomes: Counter[str] = Counter()

    def stop(self) -> Counter[str]:
        self._stopped.set()
        self.join(20)
        assert not self.is_alive()
        return self.outcomes

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._server.connect() as sock:
                    self._use(sock)
            except ConnectionRefusedError:
                self.outcomes["refused"] += 1
                return
            except OSError as error:
                self.outcomes[repr(error)] += 1

    def _use(self, sock: socket.socket) -> None:
        reader = Reader(sock)
        while not self._stopped.is_set():
            sock.sendall(self._request)
            answer = reader.next()
            self.outcomes["closed" if answer is None else str(answer.status)] += 1
            if answer is None or answer.headers.get("connection") == "close":
                return


def under_load(server: Gunicorn, path: bytes, *, keep: bool, during: Callable[[], None]):
    clients = [Load(server, path, keep=keep) for _ in range(8)]
    for client in clients:
        client.start()
    wait_for(lambda: all(client.outcomes["302"] > 2 for client in clients))
    during()
    return sum((client.stop() for client in clients), Counter())


def test_falcon_is_served(tmp_path):
    with Gunicorn(tmp_path, app="with_falcon") as server:
        assert [ask(server), ask(server, b"a/b")] == [302, 404]


def test_an_application_checked_against_the_wsgi_standard_is_served(tmp_path):
    with Gunicorn(tmp_path, app="validated") as server:
        for path in (b"w1", b"stream", b"whole/10", b"show/"):
            assert ask(server, path) in (200, 302), server.log


def test_a_unix_socket_is_served(tmp_path):
    with Gunicorn(tmp_path, bind=f"unix:{tmp_path}/s") as server, server.connect() as sock:
        sock.sendall(GET % b"f1" + ONCE % b"show/")
        first, second = Reader(sock).all()
    assert first.token == "/f1"
    assert b'"SERVER_NAME": "h", "SERVER_PORT": "80"' in second.body


def test_several_binds_are_served(tmp_path):
    with Gunicorn(tmp_path, "-b", f"unix:{tmp_path}/s") as server:
        assert ask(server) == 302
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"{tmp_path}/s")
            sock.sendall(ONCE % b"f2")
            assert Reader(sock).next().token == "/f2"


def test_a_socket_passed_by_systemd_is_served(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # As sd_listen_fds(3) has it: from descriptor 3 on, and LISTEN_PID is the receiver's.
        program = (
            "import os,sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True);"
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()));"
            "os.execv(sys.executable, [sys.executable, '-m', 'gunicorn', '--no-control-socket',"
            " '-k', 'app.redirect.worker.RedirectWorker', 'tests.app.redirect.http.echo:quick'])"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(listener.fileno())],
            pass_fds=(listener.fileno(),), cwd=ROOT, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                with socket.create_connection(listener.getsockname(), timeout=20) as sock:
                    sock.sendall(ONCE % b"f1")
                    assert Reader(sock).next().token == "/f1"
            finally:
                process.terminate()


def test_several_workers_share_the_connections(tmp_path):
    with Gunicorn(tmp_path, "-w", "2") as server:
        # While the second worker is starting, the first rightly takes everything.
        wait_for(lambda: min(shares_of(server, 200)) > 80)


def are_replaced(server: Gunicorn, before: set[int]) -> bool:
    now = server.workers()
    return len(now) == len(before) and not before & set(now)


def shares_of(server: Gunicorn, connections: int) -> list[int]:
    with ExitStack() as stack:
        for _ in range(connections):
            sock = stack.enter_context(server.connect())
            sock.sendall(GET % b"f1")
            assert Reader(sock).next().status == 302
        return [len(psutil.Process(pid).net_connections()) for pid in server.workers()]


def test_a_killed_worker_is_replaced(tmp_path):
    with Gunicorn(tmp_path) as server:
        (before,) = server.workers()
        psutil.Process(before).kill()
        wait_for(lambda: server.workers() not in ([], [before]))
        assert ask(server) == 302


SLOW_END = """
import pathlib, gevent
def worker_exit(server, worker):
    pathlib.Path({path!r}).touch()
    gevent.sleep(1)
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
        time.sleep(0.2)  # for what was on its way to the client
        before = client.outcomes["302"]
        wait_for(lambda: not is_alive(worker))
        assert client.stop()["302"] == before


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("path", [b"f1", b"w1", b"slow/0.05/"], ids=["fast", "WSGI", "waiting"])
@pytest.mark.parametrize("keep", [True, False], ids=["kept", "new"])
def test_stopping_under_load_loses_no_request(tmp_path, path, keep):
    with Gunicorn(tmp_path) as server:

        def stop() -> None:
            server.signal(signal.SIGTERM)
            assert server.wait_until_gone(5) < 5

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


def who_answers(server: Gunicorn) -> int:
    with server.connect() as sock:
        sock.sendall(ONCE % b"who")
        return int(Reader(sock).next().token.strip("/"))


def test_old_workers_serve_until_new_ones_have_loaded(tmp_path):
    with Gunicorn(tmp_path, "-w", "2", app="slow_to_load()") as server:
        wait_for(lambda: len(server.workers()) == 2)
        old = set(server.workers())
        server.signal(signal.SIGHUP)
        wait_for(lambda: len(server.workers()) == 4)
        # Asked often enough that those that were told to leave must have heard it meanwhile.
        assert {who_answers(server) for _ in range(100)} <= old
        wait_for(partial(are_replaced, server, old))


def test_stopping_finishes_what_is_at_work_and_closes_what_is_idle(tmp_path):
    with Gunicorn(tmp_path) as server, server.connect() as idle, server.connect() as busy:
        idle.sendall(GET % b"f1")
        reader = Reader(idle)
        assert reader.next().status == 302
        busy.sendall(GET % b"slow/0.8/x" + GET % b"f2")
        time.sleep(0.1)
        server.signal(signal.SIGTERM)
        answers = Reader(busy).all()
        assert [answer.token for answer in answers] == ["/slow/0.8/x"]
        assert answers[0].headers["connection"] == "close"
        assert reader.next() is None
        assert server.wait_until_gone(3) < 3


def test_stopping_takes_no_longer_than_the_graceful_timeout(tmp_path):
    with Gunicorn(tmp_path, "--graceful-timeout", "2") as server, server.connect() as sock:
        sock.sendall(GET % b"slow/60/")
        time.sleep(0.1)
        server.signal(signal.SIGTERM)
        assert server.wait_until_gone(6) > 1.5


def test_a_worker_leaves_after_its_maximum_of_requests(tmp_path):
    with Gunicorn(tmp_path, "--max-requests", "20") as server:
        (before,) = server.workers()
        for _ in range(30):
            assert ask(server) == 302
        wait_for(lambda: server.workers() not in ([], [before]))
        assert ask(server) == 302


def test_accesses_are_logged_on_request(tmp_path):
    with Gunicorn(tmp_path, "--access-logfile", "-") as server:
        assert ask(server) == 302
        wait_for(lambda: '"GET /f1 HTTP/1.1" 302 0 "-" "-"' in server.log)


def test_gunicorns_own_loop_serves_what_only_it_can(tmp_path):
    with Gunicorn(tmp_path, "--header-map", "refuse") as server, server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nA_B: c\r\n\r\n")
        assert Reader(sock).next().status == 400
        assert "header_map" in server.log


def test_differing_settings_are_named():
    cfg = Config()
    assert differing(cfg, ("header_map", "pre_request")) == []
    cfg.set("header_map", "refuse")
    cfg.set("pre_request", lambda _worker, _req: None)
    assert differing(cfg, ("header_map", "pre_request")) == ["header_map", "pre_request"]


def test_time_limits(tmp_path):
    with Gunicorn(tmp_path, "--keep-alive", "1", worker=QUICK) as server:
        silent, partial, idle, deaf, body = (server.connect() for _ in range(5))
        partial.sendall(b"GET /f1 HTT")
        idle.sendall(GET % b"f1")
        idle_reader = Reader(idle)
        assert idle_reader.next().status == 302
        deaf.sendall(GET % b"big/90000000")
        began = time.monotonic()
        assert Reader(silent).next() is None
        assert idle_reader.next() is None
        answer = Reader(partial).next()
        assert answer.status == 408
        assert time.monotonic() - began < 5
        wait_for(lambda: len(psutil.Process(server.workers()[0]).net_connections()) == 2)
        for sock in (silent, partial, idle, deaf, body):
            sock.close()


def test_a_trickling_head_gains_no_time(tmp_path):
    with Gunicorn(tmp_path, worker=QUICK) as server, server.connect() as sock:
        began = time.monotonic()
        for byte in GET % (b"f" * 200):
            try:
                sock.send(bytes([byte]))
            except OSError:
                break
            time.sleep(0.05)
        assert 0.5 < time.monotonic() - began < 4


def test_idle_connections_give_way_when_the_worker_is_full(tmp_path):
    with Gunicorn(tmp_path, "--worker-connections", "20") as server:
        idle = [server.connect() for _ in range(20)]
        readers = []
        for sock in idle:
            sock.sendall(GET % b"f1")
            readers.append(Reader(sock))
            assert readers[-1].next().status == 302
        time.sleep(1.1)
        for _ in range(5):
            assert ask(server) == 302
        assert readers[0].next() is None
        idle[-1].sendall(GET % b"f2")
        assert readers[-1].next().token == "/f2"
        for sock in idle:
            sock.close()


def test_newcomers_wait_while_the_worker_is_full_of_busy_connections(tmp_path):
    with Gunicorn(tmp_path, "--worker-connections", "4") as server:
        busy = [server.connect() for _ in range(4)]
        for sock in busy:
            sock.sendall(ONCE % b"slow/1.0/")
        time.sleep(0.1)
        began = time.monotonic()
        assert ask(server) == 302
        assert time.monotonic() - began > 0.3
        assert all(Reader(sock).next().status == 302 for sock in busy)
        for sock in busy:
            sock.close()


def test_running_out_of_files_refuses_nobody_for_good(tmp_path):
    with Gunicorn(tmp_path, "--worker-connections", "1000") as server:
        pid = server.workers()[0]
        resource_limit(pid, len(psutil.Process(pid).open_files()) + 40)
        socks = [server.connect() for _ in range(100)]
        wait_for(lambda: "can't accept" in server.log)
        for sock in socks:
            sock.close()
        assert ask(server) == 302


def resource_limit(pid: int, files: int) -> None:
    psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE, (files, files))


def test_the_heartbeat_goes_on(tmp_path):
    with Gunicorn(tmp_path, "--timeout", "1") as server:
        before = server.workers()
        time.sleep(2.5)
        assert server.workers() == before
        assert not re.search("timeout", server.log, re.IGNORECASE)


def test_quitting_is_quick(tmp_path):
    with Gunicorn(tmp_path) as server, server.connect() as sock:
        sock.sendall(GET % b"slow/60/")
        time.sleep(0.1)
        server.signal(signal.SIGINT)
        assert server.wait_until_gone(3) < 3


def test_too_many_requests_out_of_the_ordinary_are_refused_and_no_others(tmp_path):
    post = b"POST /%b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"
    with Gunicorn(tmp_path, worker=QUICK) as server, ExitStack() as stack:
        waiting = [stack.enter_context(server.connect()) for _ in range(2)]
        for sock in waiting:
            sock.sendall(post % b"read")
        time.sleep(0.1)
        refused = stack.enter_context(server.connect())
        refused.sendall(post % b"read")
        assert Reader(refused).next().status == 503
        assert ask(server) == 302
        for sock in waiting:
            sock.sendall(b"x")
            assert Reader(sock).next().body == b"x"
