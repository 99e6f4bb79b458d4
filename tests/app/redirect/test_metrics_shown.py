"""The redirect service's metrics: from all its workers, whatever happens to them."""

import http.client
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis

from app.links.link import Link, encode
from app.stores.keys import link_key
from tests.support.metrics_scraper import Scraper
from tests.support.redirect_servers import RedirectServer
from tests.support.worker_processes import wait_until

LINK = Link(code="known", target="https://example.com/", created_ms=0, updated_ms=0)


class Service(RedirectServer):
    """Two workers that share a metrics address."""

    def __init__(self, directory: Path, redis_url: str, metrics_port: int) -> None:
        bind = f"127.0.0.1:{metrics_port}"
        super().__init__(directory, redis_url, redirect_workers=2, redirect_metrics_bind=bind)
        self.metrics = Scraper(metrics_port)

    def visit(self, times: int) -> None:
        for _ in range(times):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("GET", "/known")
            assert connection.getresponse().status == 302
            connection.close()

    def shows(self, redirects: int) -> None:
        wait_until(lambda: self.metrics.sum("hopline_responses_total", status="302") == redirects)


@pytest.fixture
def service(tmp_path: Path, redis_url: str, free_port: Callable[[], int]) -> Iterator[Service]:
    with Redis.from_url(redis_url) as redis:
        redis.set(link_key("known"), encode(LINK))
    with Service(tmp_path, redis_url, free_port()) as service:
        wait_until(lambda: len(service.workers()) == 2)
        yield service


def test_all_workers_add_up(service: Service) -> None:
    service.visit(40)
    service.shows(40)
    wait_until(lambda: service.metrics.sum("hopline_clicks_total", outcome="confirmed") == 40)


def test_answers_are_counted_by_lane_and_timed(service: Service) -> None:
    service.visit(5)
    service.exchange(b"NONSENSE\r\n\r\n")
    service.shows(5)
    seen = service.metrics.sum
    wait_until(lambda: seen("hopline_responses_total", status="400", lane="edge") == 1)
    assert seen("hopline_responses_total", status="302", lane="fast") > 0
    total = seen("hopline_responses_total")
    assert seen("hopline_response_seconds_count") == total
    assert seen("hopline_response_seconds_sum") > 0
    assert 0 < seen("hopline_response_seconds_bucket", le="0.05") <= total
    assert seen("hopline_response_seconds_bucket", le="+Inf") == total


def test_answers_to_requests_out_of_the_ordinary_are_counted_and_timed(service: Service) -> None:
    head = b"POST /known HTTP/1.1\r\nHost: x\r\n"
    assert b" 405 " in service.exchange(head + b"Content-Length: 2\r\n\r\nhi")
    assert b" 417 " in service.exchange(head + b"Expect: more\r\n\r\n")
    seen = service.metrics.sum
    wait_until(lambda: seen("hopline_responses_total", status="417", lane="gunicorn") == 1)
    wait_until(lambda: seen("hopline_responses_total", status="405", lane="falcon") == 1)
    assert seen("hopline_response_seconds_count") == seen("hopline_responses_total")


def test_no_counter_goes_back_when_workers_are_killed_and_reloaded(service: Service) -> None:
    service.visit(10)
    service.shows(10)
    for worker in service.workers():
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda gone=worker: gone not in service.workers())
        service.metrics.scrape()
    wait_until(lambda: len(service.workers()) == 2)
    service.visit(10)
    service.shows(20)
    before = set(service.workers())
    os.kill(service.pid, signal.SIGHUP)
    wait_until(lambda: service.metrics.scrape() and not before & set(service.workers()))
    service.visit(10)
    service.shows(30)


def test_a_restarted_service_goes_on_counting_where_it_was(service: Service) -> None:
    service.visit(10)
    service.restart()
    service.visit(1)
    service.shows(11)


def test_workers_let_go_of_the_metrics_address(service: Service) -> None:
    for process in map(psutil.Process, service.workers()):
        listening = [one.laddr.port for one in process.net_connections() if one.status == "LISTEN"]
        assert listening == [service.port]


def test_the_public_address_shows_no_metrics(service: Service) -> None:
    answer = service.exchange(b"GET /-/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"hopline_responses" not in answer
