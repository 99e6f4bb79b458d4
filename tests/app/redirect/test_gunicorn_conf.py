"""The redirect service as it runs: gunicorn, two workers, a real Valkey."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from app.links.link import Link, encode
from app.stores.keys import link_key
from tests.support.redirect_servers import RedirectServer
from tests.support.servers import RedisServer, environ_of

STREAM = "clicks:stream"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


class Service(RedirectServer):
    """A redirect service with two workers, and the Valkey behind it."""

    def __init__(self, directory: Path, valkey: RedisServer) -> None:
        super().__init__(
            directory,
            valkey.url,
            redirect_workers=2,
            log_level="WARNING",
            # The tests share their machine with others; a late reply is not what they are about.
            record_budget_ms=30,
            lookup_budget_ms=2000,
        )
        self.valkey = valkey
        self._before: set[bytes] = set()

    @contextmanager
    def running(self) -> Iterator["Service"]:
        with self:
            wait_until(lambda: len(self.workers()) == 2)
            yield self
            assert self.stop() != -signal.SIGKILL

    def get(self, path: str) -> tuple[int, float]:
        """Return the status and the milliseconds that it took, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        began = time.monotonic()
        try:
            connection.request("GET", path, headers=BROWSER)
            response = connection.getresponse()
            response.read()
            return response.status, (time.monotonic() - began) * 1000
        finally:
            connection.close()

    def add_link(self, code: str, **terms: object) -> None:
        link = Link(code=code, target="https://a.example/", created_ms=1, updated_ms=1, **terms)
        with Redis(port=self.valkey.port) as client:
            client.set(link_key(code), encode(link))

    def know_link(self, code: str) -> None:
        """Have every worker read a link; these clicks don't count."""
        self.add_link(code)
        known_from = self._lookups()
        wait_until(lambda: self._is_known(code) and self._lookups() >= known_from + 2)
        self._before = self.click_ids()

    def _is_known(self, code: str) -> bool:
        """Tell whether many visits ask Redis for nothing: a worker that only starts asks twice."""
        asked = self._lookups()
        return {self.get(f"/{code}")[0] for _ in range(30)} == {302} and self._lookups() == asked

    def _lookups(self) -> int:
        """Return how many links Redis was ever asked for."""
        with Redis(port=self.valkey.port) as client:
            return int(client.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"])

    def click_ids(self) -> set[bytes]:
        with Redis(port=self.valkey.port) as client:
            return {fields[b"click_id"] for _, fields in client.xrange(STREAM)} - self._before


@pytest.fixture
def service(tmp_path, valkey_server) -> Service:
    return Service(tmp_path / "redirect", valkey_server())


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


class Visitors:
    """Four people who follow one link over and over."""

    def __init__(self, service: Service, path: str, pause_seconds: float = 0.004) -> None:
        self._service = service
        self._path = path
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(4)]
        self.answers: list[tuple[int, float]] = []
        self.errors: list[Exception] = []

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self) -> None:
        while not self._stop.is_set():
            try:
                self.answers.append(self._service.get(self._path))
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(error)
            time.sleep(self._pause_seconds)


def test_a_click_limit_is_exact_over_workers_and_visitors(service):
    with service.running():
        service.add_link("limited", click_limit=37)
        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: service.get("/limited")[0], range(150)))
        assert statuses.count(302) == 37
        assert statuses.count(410) == 150 - 37
        assert len(service.click_ids()) == 37


def test_a_frozen_redis_costs_no_visitor_and_no_click(service):
    with service.running():
        service.know_link("abc")
        with Visitors(service, "/abc") as visitors:
            time.sleep(0.3)
            service.valkey.signal(signal.SIGSTOP)
            time.sleep(3.5)
            assert service.get("/never-seen")[0] == 503
            service.valkey.signal(signal.SIGCONT)
            time.sleep(0.3)
        assert visitors.errors == []
        assert {status for status, _ in visitors.answers} == {302}
        wait_until(lambda: len(service.click_ids()) >= len(visitors.answers))
        assert len(service.click_ids()) == len(visitors.answers)


def test_no_confirmed_click_is_lost_when_redis_is_killed_and_comes_back(service):
    with service.running():
        service.know_link("abc")
        with Visitors(service, "/abc") as visitors:
            for _ in range(2):
                time.sleep(0.5)
                service.valkey.kill()
                time.sleep(0.3)
                service.valkey.start()
            time.sleep(0.5)
        assert visitors.errors == []
        assert {status for status, _ in visitors.answers} == {302}
        wait_until(lambda: len(service.click_ids()) >= len(visitors.answers))
        assert len(service.click_ids()) == len(visitors.answers)


def test_clicks_that_redis_forgot_after_confirming_them_are_sent_again(service):
    with service.running():
        service.know_link("abc")
        for _ in range(20):
            service.get("/abc")
        confirmed = service.click_ids()
        assert len(confirmed) == 20
        # As after a crash that took the tail of the append-only file along.
        service.valkey.kill()
        for path in service.valkey.directory.rglob("*.aof"):
            path.write_bytes(b"")
        service.valkey.start()
        wait_until(lambda: service.click_ids() >= confirmed)


def test_a_killed_worker_takes_no_answered_click_along(service):
    with service.running():
        service.know_link("abc")
        service.valkey.kill()
        with Visitors(service, "/abc") as visitors:
            time.sleep(0.5)
            for pid in service.workers():
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        answered = [status for status, _ in visitors.answers].count(302)
        assert answered > 50
        service.valkey.start()
        wait_until(lambda: len(service.click_ids()) >= answered)


def test_a_stop_brings_every_click_to_safety(service):
    with service.running():
        service.know_link("abc")
        service.valkey.signal(signal.SIGSTOP)
        statuses = [service.get("/abc")[0] for _ in range(50)]
        assert service.stop() == 0
        service.valkey.signal(signal.SIGCONT)
    assert statuses == [302] * 50
    with service.running():
        wait_until(lambda: len(service.click_ids()) == 50)


def test_a_reload_fails_no_request(service):
    with service.running():
        service.know_link("abc")
        before = service.workers()
        with Visitors(service, "/abc", 0.02) as visitors:
            service.signal(signal.SIGHUP)
            wait_until(lambda: not set(before) & set(service.workers()))
            time.sleep(0.3)
        assert {status for status, _ in visitors.answers} == {302}
        assert len(visitors.answers) > 10
        assert len(visitors.errors) <= 2


@pytest.mark.parametrize(
    "header",
    [b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off", b"Script-Name: /x", b"SCRIPT_NAME: /x"],
)
def test_no_header_can_move_the_application(service, header):
    with service.running():
        service.add_link("abc")
        with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
            connection.sendall(b"GET /abc HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 302 ")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"record_budget_ms": "soon"}, "HOPLINE_RECORD_BUDGET_MS='soon'"),
        ({"redis_url": "redis+cluster://a/1"}, "a cluster has one database: expected no /1"),
    ],
)
def test_a_bad_setting_is_named_and_nothing_starts(given, text):
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "python:app.redirect.gunicorn_conf"],
        check=False,
        env=environ_of(**given),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr
