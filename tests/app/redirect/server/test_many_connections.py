"""Thousands of idle and slow clients beside a few ordinary ones."""

import socket

import psutil

from tests.support.server.gunicorn_server import Gunicorn
from tests.support.server.raw_client import Reader

GET = b"GET /f1 HTTP/1.1\r\nHost: h\r\n\r\n"
IDLE = 10_000
SLOW = 500
#: A kept connection may cost the worker this much, in bytes; gunicorn's own takes 15,000.
MOST_BYTES_EACH = 1_500


def ask_often(server: Gunicorn, count: int) -> None:
    """Have so many requests answered over one connection, each within the socket's timeout."""
    with server.connect() as sock:
        reader = Reader(sock)
        for _ in range(count):
            sock.sendall(GET)
            assert reader.next().status == 302


def used_bytes(pid: int) -> int:
    return psutil.Process(pid).memory_full_info().uss


def test_idle_and_slow_clients_cost_little_and_stop_nobody(tmp_path, files):
    idle_count = min(IDLE, files - SLOW - 200)
    with Gunicorn(tmp_path, "--worker-connections", "12000", "--keep-alive", "120") as server:
        (worker,) = server.workers()
        ask_often(server, 300)
        before = used_bytes(worker)
        idle = [kept(server) for _ in range(idle_count)]
        each = (used_bytes(worker) - before) / idle_count
        slow = [server.connect() for _ in range(SLOW)]
        try:
            for byte in GET[:20]:
                for sock in slow:
                    sock.send(bytes([byte]))
                ask_often(server, 20)
            assert all(still_answered(sock) for sock in idle[::97])
        finally:
            for sock in idle + slow:
                sock.close()
    assert each <= MOST_BYTES_EACH


def kept(server: Gunicorn) -> socket.socket:
    sock = server.connect()
    sock.sendall(GET)
    assert sock.recv(4096).startswith(b"HTTP/1.1 302")
    return sock


def still_answered(sock: socket.socket) -> bool:
    sock.sendall(GET)
    return sock.recv(4096).startswith(b"HTTP/1.1 302")
