"""What each server of ours answers to the same bytes: redirect by both lanes, console, metrics."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from app.config.access import MetricsAccess
from app.metrics.exposition import Exposition
from app.metrics.publisher import Publisher
from app.metrics.server import served
from tests.support.redirect_servers import ConsoleServer, RedirectServer
from tests.support.server.raw_client import ask, get
from tests.support.servers import free_port

#: What each of them answers to everybody with 200.
HOME = {
    "both lanes": "/-/live",
    "Falcon lane": "/-/live",
    "console": "/-/live",
    "metrics": "/-/metrics",
}


@dataclass
class Way:
    """A server of ours on a port."""

    port: int
    home: str

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


@contextmanager
def metrics(directory: Path) -> Iterator[int]:
    registry, port = CollectorRegistry(), free_port()
    Counter("hopline_clicks", "Clicks.", registry=registry).inc(3)
    Publisher(registry, directory).publish()
    with served(MetricsAccess(f"127.0.0.1:{port}", "HOPLINE_X"), Exposition(directory)):
        yield port


@pytest.fixture(scope="module", params=[*HOME])
def way(request: Any, tmp_path_factory: Any, shared_valkey: Any) -> Iterator[Way]:
    directory = tmp_path_factory.mktemp("way")
    home = HOME[request.param]
    if request.param == "metrics":
        with metrics(directory) as port:
            yield Way(port, home)
        return
    is_fast = request.param == "both lanes"
    with (
        ConsoleServer(directory)
        if request.param == "console"
        else RedirectServer(directory, shared_valkey.url, fast_lane=is_fast)
    ) as server:
        yield Way(server.port, home)


def request(way: Way, *lines: str, **how: str) -> bytes:
    return get(way.home, *lines, **how).replace(b"Host: h\r", b"Host: 127.0.0.1\r")


def asked(way: Way, *lines: str, body: bytes = b"", **how: str) -> list[int]:
    """Return the status of each answer, having looked at what all of them must have."""
    found = ask(way, request(way, *lines, **how) + body)
    for answer in found:
        assert parsedate_to_datetime(answer.headers["date"]).tzinfo
        assert answer.headers["server"] == "hopline"
        assert b"fancy" not in answer.body
    return [answer.status for answer in found]


@pytest.mark.parametrize("method", ["FANCY", "fancy", "Get", "X", "M-SEARCH", "PURGE", "A" * 200])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_method_that_nobody_knows_is_not_implemented(way: Way, method: str, version: str) -> None:
    assert asked(way, method=method, version=version) == [501]
    assert asked(way, "Content-Length: 1", body=b"x", method=method, version=version) == [501]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/no/where", "/-/metrics", "/demo1+"])
def test_such_a_method_is_not_implemented_wherever_it_goes(way: Way, path: str) -> None:
    assert [answer.status for answer in ask(way, get(path, method="FANCY"))] == [501]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY"])
def test_a_known_method_is_not_allowed(way: Way, method: str) -> None:
    (answer,) = ask(way, request(way, method=method))
    assert answer.status == 405
    assert answer.headers["allow"].startswith("GET, HEAD")


def test_head_is_answered_as_get_without_a_body(way: Way) -> None:
    by_get, by_head = (
        ask(way, request(way, "Connection: close", method=method), heads=int(method == "HEAD"))[0]
        for method in ("GET", "HEAD")
    )
    assert (by_get.status, by_head.status) == (200, 200)
    assert by_get.headers["content-type"] == by_head.headers["content-type"]
    assert by_get.body
    assert by_head.body == b""


@pytest.mark.parametrize(
    ("codings", "status"),
    [
        (["gzip, chunked"], 501),
        (["fancy, chunked"], 501),
        (["gzip", "chunked"], 501),
        (["x-gzip;q=1, chunked"], 501),
        (["identity, chunked"], 501),
        (["gzip"], 400),
        (["identity"], 400),
        (["fancy"], 400),
        (["chunked, fancy"], 400),
        (["chunked, chunked"], 400),
    ],
)
def test_a_body_in_other_codings_is_not_implemented(
    way: Way, codings: list[str], status: int
) -> None:
    lines = [f"Transfer-Encoding: {each}" for each in codings]
    for method in ("GET", "POST"):
        assert asked(way, *lines, body=b"0\r\n\r\n", method=method) == [status]


@pytest.mark.parametrize(
    ("version", "status"), [("1.2", 200), ("1.9", 200), ("2.0", 505), ("0.9", 505), ("1.10", 400)]
)
def test_minor_versions_are_one_and_major_ones_are_not(way: Way, version: str, status: int) -> None:
    assert asked(way, "Connection: close", version=version) == [status]


@pytest.mark.parametrize(
    "line", ["X: y", "Connection: keep-alive", "Content-Length: 1", "Expect: 100-continue"]
)
def test_the_status_line_is_of_http_1_1_whatever_asked(way: Way, line: str) -> None:
    for data in (
        get(way.home, line, version="1.0"),
        get(way.home, line, method="FANCY"),
        b"?\r\n\r\n",
    ):
        with way.connect() as sock:
            sock.sendall(data)
            sock.shutdown(1)
            assert sock.recv(100).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize(
    "lines", [["close", "keep-alive"], ["keep-alive, close"], ["x", "keep-alive", "y, Close"]]
)
def test_close_ends_the_connection_wherever_it_stands(way: Way, lines: list[str]) -> None:
    connection = [f"Connection: {each}" for each in lines]
    assert asked(way, *connection, body=request(way)) == [200]


def test_a_request_of_http_1_1_names_its_host(way: Way) -> None:
    for hosts in (b"", b"Host: a b\r\n", b"Host: a\r\nHost: b\r\n"):
        (answer,) = ask(way, b"GET %b HTTP/1.1\r\n%b\r\n" % (way.home.encode(), hosts))
        assert answer.status == 400


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -1"],
        ["Content-Length: +1"],
        ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: 1, 1"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["X: a\x01b"],
        ["X: a\x7fb"],
        ["X: a\r\n b"],
        ["X : a"],
        ["X"],
    ],
)
def test_what_might_be_read_in_two_ways_is_refused(way: Way, lines: list[str]) -> None:
    for method in ("GET", "POST"):
        assert asked(way, *lines, method=method) == [400]


def test_chunks_are_not_of_http_1_0(way: Way) -> None:
    body = b"0\r\n\r\n"
    assert asked(way, "Transfer-Encoding: chunked", body=body, version="1.0") == [400]


def test_a_bad_body_gets_one_answer(way: Way) -> None:
    bad = b"zz\r\n\r\n" + get(way.home)
    assert len(asked(way, "Transfer-Encoding: chunked", body=bad, method="POST")) == 1
