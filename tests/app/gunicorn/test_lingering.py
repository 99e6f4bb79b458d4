import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from app.gunicorn.lingering import Lingering


class _Base:
    """gunicorn's worker as far as the mixin knows it: each request is one byte."""

    def __init__(self, tpool: Any) -> None:
        self.tpool = tpool
        self.alive = True
        self.answered = b""

    def handle(self, conn: Any) -> Any:
        got = conn.sock.recv(1)
        self.answered += got
        return {b"": False, b"d": "deferred", b"c": False}.get(got, True)


class _Worker(Lingering, _Base):
    pass


class _Pair:
    def __init__(self) -> None:
        self.client, self.sock = socket.socketpair()
        self.read_ahead = b""
        self.parser = SimpleNamespace(
            unreader=SimpleNamespace(buf=SimpleNamespace(getvalue=lambda: self.read_ahead))
        )


@pytest.fixture
def conn() -> Iterator[_Pair]:
    pair = _Pair()
    with pair.client, pair.sock:
        yield pair


@pytest.fixture
def worker() -> Iterator[_Worker]:
    with ThreadPoolExecutor(1) as pool:
        yield _Worker(pool)


def test_answers_what_follows_at_once_without_handing_the_connection_back(
    worker: _Worker, conn: _Pair
) -> None:
    conn.client.sendall(b"123")
    assert worker.handle(conn) is True
    assert worker.answered == b"123"


def test_hands_a_quiet_connection_back(worker: _Worker, conn: _Pair) -> None:
    conn.client.sendall(b"1")
    assert worker.handle(conn) is True
    assert worker.answered == b"1"


@pytest.mark.parametrize(("last", "kept"), [(b"c", False), (b"d", "deferred")])
def test_hands_on_what_gunicorn_does_of_a_connection(
    worker: _Worker, conn: _Pair, last: bytes, kept: object
) -> None:
    conn.client.sendall(b"1" + last + b"2")
    assert worker.handle(conn) == kept
    assert worker.answered == b"1" + last


def test_ends_with_the_client(worker: _Worker, conn: _Pair) -> None:
    conn.client.sendall(b"1")
    conn.client.shutdown(socket.SHUT_WR)
    assert worker.handle(conn) is False


def test_goes_back_for_a_connection_that_waits_for_a_thread(conn: _Pair) -> None:
    waiting = SimpleNamespace(_work_queue=SimpleNamespace(qsize=lambda: 1))
    worker = _Worker(waiting)
    conn.client.sendall(b"12")
    assert worker.handle(conn) is True
    assert worker.answered == b"1"


def test_goes_back_for_what_was_read_ahead(worker: _Worker, conn: _Pair) -> None:
    conn.read_ahead = b"2"
    conn.client.sendall(b"12")
    assert worker.handle(conn) is True
    assert worker.answered == b"1"


def test_goes_back_once_the_worker_is_told_to_end(worker: _Worker, conn: _Pair) -> None:
    worker.alive = False
    conn.client.sendall(b"12")
    assert worker.handle(conn) is True
    assert worker.answered == b"1"
