"""The worker under gunicorn's arbiter: what it serves and where."""

import re
import socket
import sys
import time
from contextlib import ExitStack

import psutil
from gunicorn.config import Config

from app.processes.child import Child, Program
from app.redirect.server.gunicorn.worker import differing
from tests.support.server.gunicorn_server import ROOT, Gunicorn
from tests.support.server.raw_client import Reader
from tests.support.server.visits import GET, ONCE, ask, wait_for


def test_falcon_is_served(tmp_path):
    with Gunicorn(tmp_path, app="with_falcon") as server:
        assert [ask(server), ask(server, b"a/b")] == [302, 404]


def test_an_application_checked_against_the_wsgi_standard_is_served(tmp_path):
    with Gunicorn(tmp_path, app="validated") as server:
        for path in (b"w1", b"stream", b"whole/10", b"show/"):
            assert ask(server, path) in (200, 302), server.log


def test_garbage_is_looked_for_while_it_serves(tmp_path):
    with Gunicorn(tmp_path) as server:
        assert ask(server, b"collects/") == 200


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
            " '-k', 'app.redirect.server.gunicorn.worker.RedirectWorker',"
            " 'tests.support.server.echo:quick'])"
        )
        argv = (sys.executable, "-c", program, str(listener.fileno()))
        child = Child(
            Program("gunicorn", argv, directory=ROOT), tmp_path / "log", (listener.fileno(),)
        )
        child.spawn()
        try:
            with socket.create_connection(listener.getsockname(), timeout=60) as sock:
                sock.sendall(ONCE % b"f1")
                assert Reader(sock).next().token == "/f1"
        finally:
            child.kill()


def test_several_workers_share_the_connections(tmp_path):
    with Gunicorn(tmp_path, "-w", "2") as server:
        # While the second worker is starting, the first rightly takes everything.
        wait_for(lambda: min(shares_of(server, 200)) > 80)


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


def test_the_heartbeat_goes_on(tmp_path):
    with Gunicorn(tmp_path, "--timeout", "4") as server:
        before = server.workers()
        time.sleep(5.5)
        assert server.workers() == before
        assert not re.search("timeout", server.log, re.IGNORECASE)
