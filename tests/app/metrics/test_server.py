import http.client
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from app.config.access import MetricsAccess
from app.metrics import server
from app.metrics.exposition import Exposition
from app.metrics.publisher import Publisher
from app.metrics.server import MetricsServer
from tests.support.worker_processes import wait_until


def access(bind: str, **given: Any) -> MetricsAccess:
    return MetricsAccess(bind, "HOPLINE_X_METRICS_BIND", **given)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    registry = CollectorRegistry()
    Counter("hopline_clicks", "Clicks.", registry=registry).inc(3)
    Publisher(registry, tmp_path).publish()
    return tmp_path


TOKEN = "sixteen-characters-and-more"


@pytest.fixture
def guarded(free_port: Callable[[], int], directory: Path) -> Iterator[int]:
    """The port of metrics that want a token, on every address of this machine."""
    port = free_port()
    asked = access(f"0.0.0.0:{port}", token=TOKEN, hosts=("prometheus.internal",))
    metrics = MetricsServer(asked, Exposition(directory))
    metrics.start()
    wait_until(lambda: _status(port) == 401)
    yield port
    metrics.close()


@pytest.fixture
def port(free_port: Callable[[], int], directory: Path) -> Iterator[int]:
    port = free_port()
    metrics = MetricsServer(access(f"127.0.0.1:{port}"), Exposition(directory))
    metrics.start()
    wait_until(lambda: _status(port) == 200)
    yield port
    metrics.close()


def _get(port: int, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def _status(port: int) -> int:
    try:
        return _get(port, "/-/metrics")[0].status
    except OSError:
        return 0


def test_metrics_have_one_path(port: int) -> None:
    response, body = _get(port, "/-/metrics?x=1")
    assert response.status == 200
    assert response.getheader("Server") == "hopline"
    assert b"hopline_clicks_total 3.0" in body
    for path in ("/", "/metrics", "/-/metricsx"):
        assert _get(port, path)[0].status == 404


def test_openmetrics_is_served_to_whoever_accepts_it(port: int) -> None:
    response, body = _get(port, "/-/metrics", Accept="application/openmetrics-text;version=1.0.0")
    assert (response.getheader("Content-Type") or "").startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_a_client_that_says_nothing_keeps_nobody_waiting(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)):
        assert _status(port) == 200


def test_a_client_that_goes_away_leaves_no_trace(
    port: int, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /-/met")
        # Closing then sends a reset.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert _status(port) == 200
    wait_until(lambda: not any("process_request" in one.name for one in threading.enumerate()))
    assert (capfd.readouterr().err, caplog.text) == ("", "")


def test_a_fault_of_ours_is_logged(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Exposition, "render", lambda *_: 1 / 0)
    assert _status(port) == 0
    wait_until(lambda: "a request for the metrics failed" in caplog.text)
    assert "ZeroDivisionError" in caplog.text


def test_the_port_is_open_before_anything_can_be_forked(
    directory: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)
    port = free_port()
    metrics = MetricsServer(access(f"127.0.0.1:{port}"), Exposition(directory))
    metrics.start()
    with socket.create_connection(("127.0.0.1", port), timeout=60):
        metrics.close_in_child()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=60)


def test_a_directory_that_cannot_be_read_is_an_error_and_no_empty_answer(
    port: int, directory: Path
) -> None:
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    directory.write_text("a file")
    response, body = _get(port, "/-/metrics")
    assert response.status == 500
    assert b"can't read the metrics" in body


def test_a_taken_port_is_named_with_its_setting_and_tried_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "_RETRY_SECONDS", 0.05)
    caplog.set_level(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        metrics = MetricsServer(access(f"127.0.0.1:{port}"), Exposition(directory))
        metrics.start()
        wait_until(lambda: "HOPLINE_X_METRICS_BIND" in caplog.text)
    assert f"127.0.0.1:{port}: something else listens there" in caplog.text
    wait_until(lambda: _status(port) == 200)
    metrics.close()
    assert caplog.text.count("something else listens there") == 1


def test_an_ipv6_address_is_served(directory: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    metrics = MetricsServer(access(f"[::1]:{port}"), Exposition(directory))
    metrics.start()

    def is_served() -> bool:
        try:
            with socket.create_connection(("::1", port)):
                return True
        except OSError:
            return False

    wait_until(is_served)
    metrics.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [({}, 401), ({"Authorization": "Bearer nonsense"}, 401), ({"Authorization": TOKEN}, 401)],
)
def test_with_a_token_nobody_else_reads(guarded: int, sent: dict[str, str], status: int) -> None:
    response, body = _get(guarded, "/-/metrics", **sent)
    assert (response.status, b"hopline" in body) == (status, False)
    assert (response.getheader("WWW-Authenticate") or "").startswith("Bearer")
    assert _get(guarded, "/-/metrics", Authorization=f"Bearer {TOKEN}")[0].status == 200


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("127.0.0.1:9180", True),
        ("localhost", True),
        ("[::1]:9180", True),
        ("10.1.2.3:9180", True),
        ("prometheus.internal:9180", True),
        ("Prometheus.Internal.", True),
        ("evil.example:9180", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
    ],
)
def test_a_page_that_had_its_name_lead_here_reads_nothing(
    guarded: int, host: str, is_known: bool
) -> None:
    response, _ = _get(guarded, "/-/metrics", Host=host, Authorization=f"Bearer {TOKEN}")
    assert response.status == (200 if is_known else 421)


def test_without_a_token_an_unknown_name_is_refused_as_well(port: int) -> None:
    assert _get(port, "/-/metrics", Host="evil.example")[0].status == 421


def test_where_everybody_would_read_nothing_is_shown(
    directory: Path, free_port: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    bind = f"0.0.0.0:{free_port()}"
    metrics = MetricsServer(access(bind), Exposition(directory))
    metrics.start()
    assert _status(int(bind.rpartition(":")[2])) == 0
    (refused,) = caplog.messages
    assert f"HOPLINE_X_METRICS_BIND={bind}" in refused
    assert "HOPLINE_METRICS_TOKEN" in refused
    assert "HOPLINE_METRICS_OPEN=true" in refused
    metrics.close()


def test_a_private_network_may_be_shown_metrics_without_a_token(
    directory: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    metrics = MetricsServer(access(f"0.0.0.0:{port}", is_open=True), Exposition(directory))
    metrics.start()
    wait_until(lambda: _status(port) == 200)
    metrics.close()


def test_what_is_refused_is_no_page(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/-/metrics")
    response = connection.getresponse()
    assert (response.status, response.getheader("Content-Type")) == (405, "text/plain")
    assert response.getheader("Allow") == "GET, HEAD"
    response.read()
    connection.close()
