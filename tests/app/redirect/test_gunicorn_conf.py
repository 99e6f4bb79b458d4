"""The redirect service as it runs: gunicorn, two workers, a real Valkey."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from app.links.link import Link, encode
from app.stores.keys import link_key
from tests.support.metrics_scraper import Scraper
from tests.support.redirect_servers import RedirectServer
from tests.support.servers import RedisServer, environ_of
from tests.support.worker_processes import wait_until

STREAM = "clicks:stream"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


class Service(RedirectServer):
    """A redirect service with two workers, and the Valkey behind it."""

    def __init__(self, directory: Path, valkey: RedisServer, metrics_port: int) -> None:
        super().__init__(
            directory,
            valkey.url,
            redirect_workers=2,
            log_level="WARNING",
            # The tests share their machine with others; a late reply is not what they are about.
            record_budget_ms=30,
            lookup_budget_ms=2000,
            resend_seconds=60,
            redirect_metrics_bind=f"127.0.0.1:{metrics_port}",
        )
        self.valkey = valkey
        self._metrics = Scraper(metrics_port)
        self._visits_before = 0
        self._before: set[bytes] = set()

    @contextmanager
    def running(self) -> Iterator["Service"]:
        with self:
            wait_until(lambda: len(self.workers()) == 2)
            yield self
            assert self.stop() != -signal.SIGKILL

    def get(self, path: str) -> int:
        """Return the status of a visit on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=BROWSER)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def add_link(self, code: str, **terms: object) -> None:
        link = Link(code=code, target="https://a.example/", created_ms=1, updated_ms=1, **terms)
        with Redis(port=self.valkey.port) as client:
            client.set(link_key(code), encode(link))

    def know_link(self, code: str) -> None:
        """Have every worker remember its first link; these clicks don't count."""
        self.add_link(code)
        wait_until(lambda: self._is_known(code) and self._links_cached() == len(self.workers()))
        # Those that took the way by the spool come later, and would count.
        wait_until(lambda: len(self.click_ids()) == self._visits_before)
        self._before = self.click_ids()

    def _is_known(self, code: str) -> bool:
        """Tell whether many visits ask Redis for nothing: a worker that only starts asks twice."""
        asked = self._lookups()
        statuses = [self.get(f"/{code}") for _ in range(30)]
        self._visits_before += statuses.count(302)
        return set(statuses) == {302} and self._lookups() == asked

    def _links_cached(self) -> float:
        """Return how many links the workers remember, one that is still starting none."""
        return self._metrics.sum("hopline_links_cached")

    def _lookups(self) -> int:
        """Return how many links Redis was ever asked for."""
        with Redis(port=self.valkey.port) as client:
            return int(client.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"])

    def click_ids(self) -> set[bytes]:
        with Redis(port=self.valkey.port) as client:
            return {fields[b"click_id"] for _, fields in client.xrange(STREAM)} - self._before


@pytest.fixture
def service(tmp_path, valkey_server, free_port) -> Service:
    return Service(tmp_path / "redirect", valkey_server(), free_port())


class Visitors:
    """Four people who follow one link over and over."""

    def __init__(self, service: Service, path: str, pause_seconds: float = 0.004) -> None:
        self._service = service
        self._path = path
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(4)]
        self.answers: list[int] = []
        self.errors: list[Exception] = []

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def come(self, number: int) -> None:
        """Wait until so many more have been answered."""
        wanted = len(self.answers) + number
        wait_until(lambda: len(self.answers) >= wanted or self.errors)

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
            statuses = list(pool.map(lambda _: service.get("/limited"), range(150)))
        assert statuses.count(302) == 37
        assert statuses.count(410) == 150 - 37
        assert len(service.click_ids()) == 37


def test_a_frozen_redis_costs_no_visitor_and_no_click(service):
    with service.running():
        service.know_link("abc")
        with Visitors(service, "/abc") as visitors:
            visitors.come(40)
            service.valkey.signal(signal.SIGSTOP)
            visitors.come(350)
            assert service.get("/never-seen") == 503
            service.valkey.signal(signal.SIGCONT)
            visitors.come(40)
        assert visitors.errors == []
        assert set(visitors.answers) == {302}
        wait_until(lambda: len(service.click_ids()) >= len(visitors.answers))
        assert len(service.click_ids()) == len(visitors.answers)


def test_no_confirmed_click_is_lost_when_redis_is_killed_and_comes_back(service):
    with service.running():
        service.know_link("abc")
        with Visitors(service, "/abc") as visitors:
            for _ in range(2):
                visitors.come(100)
                service.valkey.kill()
                visitors.come(50)
                service.valkey.start()
            visitors.come(100)
        assert visitors.errors == []
        assert set(visitors.answers) == {302}
        wait_until(lambda: len(service.click_ids()) >= len(visitors.answers))
        assert len(service.click_ids()) == len(visitors.answers)


def test_clicks_that_redis_forgot_after_confirming_them_are_sent_again(service):
    with service.running():
        service.know_link("abc")
        for _ in range(20):
            service.get("/abc")
        wait_until(lambda: len(service.click_ids()) == 20)
        confirmed = service.click_ids()
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
            visitors.come(50)
            for pid in service.workers():
                os.kill(pid, signal.SIGKILL)
        answered = visitors.answers.count(302)
        assert answered >= 50
        service.valkey.start()
        wait_until(lambda: len(service.click_ids()) >= answered)


def test_a_stop_brings_every_click_to_safety(service):
    with service.running():
        service.know_link("abc")
        service.valkey.signal(signal.SIGSTOP)
        statuses = [service.get("/abc") for _ in range(50)]
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
            visitors.come(10)
        assert set(visitors.answers) == {302}
        assert len(visitors.errors) <= 2


def test_no_header_can_move_the_application(service):
    with service.running():
        service.add_link("abc")
        for header in (
            b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off",
            b"Script-Name: /x",
            b"SCRIPT_NAME: /x",
        ):
            with socket.create_connection(("127.0.0.1", service.port), 60) as connection:
                connection.sendall(b"GET /abc HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n")
                assert connection.recv(4096).startswith(b"HTTP/1.1 302 "), header


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
        timeout=120,
    )
    assert ended.returncode == 2
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr
