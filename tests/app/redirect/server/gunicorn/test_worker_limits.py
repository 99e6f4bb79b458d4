import select
import time
from contextlib import ExitStack

import psutil
import pytest

from tests.support.server.gunicorn_server import Gunicorn
from tests.support.server.raw_client import Reader
from tests.support.server.visits import GET, ONCE, QUICK, ask, wait_for


def test_time_limits(tmp_path):
    with Gunicorn(tmp_path, "--keep-alive", "1", worker=QUICK) as server:
        silent, partial, idle, deaf, body = (server.connect() for _ in range(5))
        partial.sendall(b"GET /f1 HTT")
        idle.sendall(GET % b"f1")
        idle_reader = Reader(idle)
        assert idle_reader.next().status == 302
        deaf.sendall(GET % b"big/90000000")
        assert Reader(silent).next() is None
        assert idle_reader.next() is None
        answer = Reader(partial).next()
        assert answer.status == 408
        # Where it listens is left.
        wait_for(lambda: len(psutil.Process(server.workers()[0]).net_connections()) == 1)
        for sock in (silent, partial, idle, deaf, body):
            sock.close()


@pytest.mark.usefixtures("files")
def test_heads_that_never_end_are_bounded_in_memory_all_together(tmp_path):
    head = b"GET /f1 HTTP/1.1\r\nHost: h\r\n" + b"".join(
        b"X-%d: %b\r\n" % (number, b"x" * 8_000) for number in range(7)
    )
    with (
        Gunicorn(tmp_path, "--worker-connections", "3000") as server,
        ExitStack() as stack,
    ):
        worker = psutil.Process(server.workers()[0])
        before = worker.memory_info().rss
        slow = []
        for _ in range(1_400):
            slow.append(stack.enter_context(server.connect()))
            slow[-1].sendall(head)
        assert ask(server) == 302
        assert worker.memory_info().rss - before < 1_400 * len(head)
        assert Reader(slow[0]).next().status == 503
        slow[-1].sendall(b"\r\n")
        assert Reader(slow[-1]).next().status == 302


def test_a_trickling_head_gains_no_time(tmp_path):
    with Gunicorn(tmp_path, worker=QUICK) as server, server.connect() as sock:
        sent = 0
        for byte in GET % (b"f" * 200):
            try:
                sock.send(bytes([byte]))
            except OSError:
                break
            sent += 1
            time.sleep(0.05)
        assert sent < 200


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
        readers = [Reader(sock) for sock in busy]
        for sock in busy:
            sock.sendall(GET % b"f0" + ONCE % b"slow/3.0/")
        # What came with it is at work by then: an idle one would give way.
        assert all(reader.next().token == "/f0" for reader in readers)
        assert ask(server) == 302
        assert select.select(busy, [], [], 0)[0]
        assert all(reader.next().status == 302 for reader in readers)
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


def test_too_many_requests_out_of_the_ordinary_are_refused_and_no_others(tmp_path):
    post = b"POST /%b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n%b\r\n"
    with Gunicorn(tmp_path, worker=QUICK) as server, ExitStack() as stack:
        waiting = [stack.enter_context(server.connect()) for _ in range(2)]
        for sock in waiting:
            sock.sendall(post % (b"read", b"Expect: 100-continue\r\n"))
            # Asked for once it is at work.
            assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        refused = stack.enter_context(server.connect())
        refused.sendall(post % (b"read", b""))
        assert Reader(refused).next().status == 503
        assert ask(server) == 302
        for sock in waiting:
            sock.sendall(b"x")
            assert Reader(sock).next().body == b"x"
