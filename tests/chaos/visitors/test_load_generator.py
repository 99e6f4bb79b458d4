import os
import re
import signal
import socket
import threading

import pytest

from tests.chaos.visitors import client_log
from tests.chaos.visitors.behaviour import Behaviour
from tests.chaos.visitors.process import VisitorProcess
from tests.support.worker_processes import wait_until

FOUND = (
    b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
    b"Location: https://example.com/landing?version=7\r\n\r\n"
)
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"
NUMBER = re.compile(rb"Referer: https://chaos.example/(\d+)\r\n")


def _head(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = client.recv(65536)
        if not piece:
            return b""
        head += piece
    return head


class Server:
    """Answers each request as a function of its number says; None hangs up."""

    def __init__(self, answer):
        self.numbers = []
        self.paths = set()
        self.largest_bytes = 0
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.bind = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            while request := _head(client):
                self.largest_bytes = max(self.largest_bytes, len(request))
                number = int(NUMBER.search(request)[1])
                self.numbers.append(number)
                self.paths.add(request.split()[1])
                answer = self._answer(number)
                if answer is None:
                    return
                client.sendall(answer)

    def close(self):
        self._listener.close()


@pytest.fixture
def serve():
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def visit(tmp_path):
    """A function that lets visitors come until a server got so many clicks; returns their log."""

    def visit(server, count):
        path = tmp_path / "client.log"
        with VisitorProcess({"direct": server.bind}, 500.0, path) as visiting:
            wait_until(lambda: len(server.numbers) >= count)
            visiting.end()
        return client_log.read(path)[0]

    return visit


def test_every_click_has_a_number_of_its_own_and_is_written_down(serve, visit):
    server = serve(lambda _: FOUND)
    clicks = visit(server, 200)
    assert sorted(server.numbers) == sorted(click.number for click in clicks)
    assert len(set(server.numbers)) == len(server.numbers)
    assert all(click.is_answered and click.answered_ms >= click.sent_ms for click in clicks)
    assert {click.version for click in clicks} == {7}
    assert {f"/{click.code}".encode() for click in clicks} == server.paths
    assert {b"/pulse", b"/code1", b"/moving0", b"/limited0"} <= server.paths


def test_only_a_redirect_counts_as_an_answer(serve, visit):
    server = serve(lambda number: FOUND if number % 2 else MISSING)
    clicks = visit(server, 100)
    assert {click.number % 2 for click in clicks if click.is_answered} == {1}
    assert {click.number % 2 for click in clicks if not click.is_answered} == {0}
    assert {click.status for click in clicks} == {302, 404}


def test_a_click_that_gets_no_answer_is_written_down_and_not_sent_again(serve, visit):
    server = serve(lambda number: FOUND if number % 10 else None)
    clicks = visit(server, 100)
    assert len(set(server.numbers)) == len(server.numbers)
    assert {click.number % 10 for click in clicks if not click.is_answered} == {0}
    assert {click.status for click in clicks if not click.is_answered} == {0}
    assert {click.number for click in clicks} == set(server.numbers)


def test_a_server_that_says_so_before_it_closes_leaves_nobody_without_an_answer(serve, visit):
    last = FOUND.replace(b"Found\r\n", b"Found\r\nConnection: close\r\n")
    clicks = visit(serve(lambda number: last if number % 10 == 0 else FOUND), 200)
    assert len(clicks) >= 200
    assert all(click.is_answered for click in clicks)


def test_visitors_who_have_gone_too_early_are_noticed(tmp_path, serve):
    server = serve(lambda _: FOUND)
    with VisitorProcess({"direct": server.bind}, 500.0, tmp_path / "client.log") as visiting:
        os.kill(visiting.pid, signal.SIGKILL)
        wait_until(lambda: not visiting.is_running)
        with pytest.raises(RuntimeError, match="visitors"):
            visiting.end()


def test_visitors_come_by_every_way(tmp_path, serve):
    ways = {"direct": serve(lambda _: FOUND), "caddy": serve(lambda _: FOUND)}
    path = tmp_path / "client.log"
    ports = {name: server.bind for name, server in ways.items()}
    with VisitorProcess(ports, 500.0, path) as visiting:
        wait_until(lambda: all(len(server.numbers) >= 50 for server in ways.values()))
        visiting.end()
    clicks, _ = client_log.read(path)
    for name, server in ways.items():
        assert {click.number for click in clicks if click.via == name} == set(server.numbers)


def test_a_hostile_crowd_sends_large_heads_once_it_is_told_to(tmp_path, serve):
    server = serve(lambda _: FOUND)
    with VisitorProcess({"direct": server.bind}, 200.0, tmp_path / "client.log") as visiting:
        visiting.behave(Behaviour(crowd=2.0, hostile=1.0))
        wait_until(lambda: server.largest_bytes > 20_000)
        visiting.end()
