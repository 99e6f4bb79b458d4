"""The console as it runs in production: gunicorn with threads, over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.clicks import click_row, insert_clicks
from tests.support.console import TOKEN
from tests.support.metrics_scraper import Scraper
from tests.support.redirect_servers import ConsoleServer
from tests.support.servers import RedisServer
from tests.support.worker_processes import wait_until

COMMAND = [
    sys.executable,
    "-m",
    "gunicorn",
    "-c",
    "python:app.console.gunicorn_conf",
    "app.console.wsgi:get_app()",
]
DEADLINE_SECONDS = 60.0


def ask(base: str, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(base + path, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def console(redis_url: str, migrated_url: str, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A running console's address and process id."""
    with ConsoleServer(tmp_path, redis_url=redis_url, clickhouse_url=migrated_url) as server:
        yield f"http://127.0.0.1:{server.port}", server.pid
        assert server.stop() == 0


@pytest.fixture(scope="module")
def one_console(
    shared_valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """The port of a console that the tests of this file ask, with the token."""
    settings = {"redis_url": shared_valkey.url, "console_token": TOKEN}
    with ConsoleServer(tmp_path_factory.mktemp("console"), **settings) as server:
        yield server.port


def test_many_requests_at_once_get_the_same_answer(
    console: tuple[str, int], clickhouse_url: str
) -> None:
    base, _ = console
    insert_clicks(clickhouse_url, *(click_row() for _ in range(50)))
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, [base] * 64, ["/api/v1/links/abc/stats"] * 64))
    assert {(status, stats["clicks"]) for status, stats in answers} == {(200, 50)}


def test_odd_codes_are_codes(console: tuple[str, int]) -> None:
    base, _ = console
    for code in ("%27%20OR%201=1", "%00", "%FF%FE", "a%2Fb", "%7Bcode:String%7D"):
        assert ask(base, f"/api/v1/links/{code}/stats")[0] == 404


def test_a_bad_setting_is_one_line_and_exit_code_2() -> None:
    ended = subprocess.run(
        COMMAND,
        env=os.environ | {"HOPLINE_CONSOLE_THREADS": "none"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("hopline: HOPLINE_CONSOLE_THREADS='none': ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("way", ["HOPLINE_CONSOLE_BIND", "GUNICORN_CMD_ARGS"])
def test_without_a_key_or_a_token_it_serves_nobody_but_this_machine(
    free_port, redis_url: str, way: str
) -> None:
    bind = f"0.0.0.0:{free_port()}"
    value = f"--bind {bind}" if way == "GUNICORN_CMD_ARGS" else bind
    ended = subprocess.run(
        COMMAND,
        env=os.environ | {way: value, "HOPLINE_REDIS_URL": redis_url},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("hopline: ")]
    assert line.startswith(f"hopline: HOPLINE_CONSOLE_BIND={bind}: ")
    assert "Booting worker" not in ended.stderr


def test_a_key_that_one_console_revokes_is_refused_by_another(
    redis_url: str, migrated_url: str, tmp_path: Path
) -> None:
    with connect(redis_url, timeout_seconds=30) as client, ExitStack() as stack:
        keys = KeyStore(client, redis_url)
        key, credential = keys.add("leaked", ["stats:read"])
        ports = [
            stack.enter_context(
                ConsoleServer(tmp_path / name, redis_url=redis_url, clickhouse_url=migrated_url)
            ).port
            for name in "ab"
        ]

        def statuses() -> set[int]:
            headers = {"Authorization": f"Bearer {credential.text}"}
            return {status_of(port, "/api/v1/stats", headers) for port in ports}

        assert statuses() == {200}
        keys.revoke(key.id)
        wait_until(lambda: statuses() == {401})


@pytest.mark.parametrize(
    "sent",
    [
        ["Authorization: Bearer {key}", "Authorization: Bearer {key}"],
        ["Authorization: Bearer {key}", "Authorization: Bearer hop_aaaaaaaaaaaa_{zeros}"],
        ["Authorization: Bearer {key}\u00fc"],
        ["Authorization: Bearer {key}\rX-Forwarded-For: 127.0.0.1"],
        ["Authorization: Bearer {key}", " folded"],
        ["Authorization: Bearer " + "x" * 9000],
        ["Authorization : Bearer {key}"],
        ["Authorization_: Bearer {key}"],
        ["authorization: bearer {key}\0"],
    ],
)
def test_odd_headers_let_nobody_in(
    console: tuple[str, int], redis_url: str, sent: list[str]
) -> None:
    with connect(redis_url, timeout_seconds=30) as client:
        _, credential = KeyStore(client, redis_url).add("admin", ["admin"])
    port = int(console[0].rpartition(":")[2])
    wait_until(lambda: status_of(port, "/", {}) == 401)
    lines = [line.format(key=credential.text, zeros="0" * 40) for line in sent]
    head = "\r\n".join(("GET / HTTP/1.1", "Host: localhost", *lines, "", ""))
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) as visitor:
        visitor.sendall(head.encode())
        answer = visitor.recv(65536).split(b"\r\n", 1)[0]
    assert int(answer.split()[1]) in (400, 401, 431)


@pytest.mark.parametrize("chunk", [b"ZZ\r\nx\r\n", b"-5\r\nx\r\n", b"1\r\nxy0\r\n\r\n", b"\r\n"])
@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/v1/links", "application/json"),
        ("/api/v1/links/-/import", "application/x-ndjson"),
        ("/api/v1/keys", "application/json"),
    ],
)
def test_a_body_in_malformed_chunks_is_a_clients_mistake(
    one_console: int, path: str, media_type: str, chunk: bytes
) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", one_console), timeout=DEADLINE_SECONDS) as client:
        client.sendall(head.encode() + chunk)
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()
    assert answer.split(b" ", 2)[1] == b"400", answer


def status_of(port: int, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    with closing(connection):
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status


def test_no_counter_goes_back_when_the_worker_is_killed_or_reloaded(
    console: tuple[str, int],
) -> None:
    base, pid = console
    metrics = Scraper(int(base.rpartition(":")[2]))
    for number in (signal.SIGKILL, signal.SIGTERM):
        ask(base, "/nowhere")
        wait_until(lambda: metrics.sum("hopline_console_responses_total", status="404") >= 1)
        (worker,) = psutil.Process(pid).children()
        worker.send_signal(number)
        wait_until(lambda gone=worker: not gone.is_running())
        wait_until(lambda: ask(base, "/-/ready")[0] == 200)
        metrics.scrape()
    assert metrics.sum("hopline_console_responses_total", status="404") == 2


def test_probes_and_metrics_answer_while_reports_take_all_that_they_may(
    redis_url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        settings = {
            "redis_url": redis_url,
            "clickhouse_url": f"clickhouse://127.0.0.1:{silent.getsockname()[1]}/hopline",
            "clickhouse_timeout_seconds": 60,
            "console_threads": 2,
            "console_reports": 1,
        }
        server = stack.enter_context(ConsoleServer(tmp_path, **settings))
        metrics = Scraper(server.port)

        def counted(outcome: str) -> float:
            metrics.scrape()
            return metrics.sum("hopline_console_reports_total", outcome=outcome)

        visitors = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            for _ in range(8)
        ]
        for visitor in visitors:
            visitor.sendall(b"GET /api/v1/links/abc/stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: counted("refused") == 6)
        assert ask(f"http://127.0.0.1:{server.port}", "/-/live")[0] == 200
        assert counted("computed") + counted("shared") == 0
        for visitor in visitors:
            visitor.close()
        wait_until(lambda: counted("abandoned") == 2)


def test_a_request_that_the_server_refuses_gets_a_problem_too(one_console: int) -> None:
    with socket.create_connection(("127.0.0.1", one_console), timeout=DEADLINE_SECONDS) as client:
        client.sendall(b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 414 ")
    assert b"Content-Type: application/problem+json\r\n" in head
    assert json.loads(body) == {"type": "about:blank", "title": "URI Too Long", "status": 414}


_JSON = b'{"target": "https://example.com/"}'
_LENGTH = b"Content-Length: %d\r\n\r\n%s" % (len(_JSON), _JSON)
_CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(_JSON), _JSON)


def posted(rest: bytes, media_type: bytes = b"application/json", path: bytes = b"links") -> bytes:
    head = b"POST /api/v1/%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
    return head % (path, TOKEN.encode()) + b"Content-Type: " + media_type + b"\r\n" + rest


def answers(port: int, *sent: bytes) -> list[tuple[int, bool]]:
    """Return statuses of the answers to what is sent in turn, and whether it goes on after each."""
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) as client:
        for each in sent:
            client.sendall(each)
            answer = http.client.HTTPResponse(client)
            answer.begin()
            answer.read()
            found.append((answer.status, not answer.will_close))
    return found


@pytest.mark.parametrize("body", [_LENGTH, _CHUNKS], ids=["length", "chunks"])
def test_a_connection_goes_on_after_a_body_that_was_read(one_console: int, body: bytes) -> None:
    assert answers(one_console, *[posted(body)] * 3) == [(201, True)] * 3


@pytest.mark.parametrize(
    ("first", "status"),
    [
        (posted(_LENGTH, b"text/plain"), 415),
        (posted(_LENGTH, path=b"nowhere"), 404),
        (posted(_CHUNKS, b"text/plain"), 415),
        (posted(b"Content-Length: 70000\r\n\r\n" + b" " * 70_000), 413),
        (posted(b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"), 400),
    ],
)
def test_a_connection_ends_with_a_body_that_was_not_read(
    one_console: int, first: bytes, status: int
) -> None:
    # Its rest would else be taken for the next request.
    assert answers(one_console, first + posted(_LENGTH)) == [(status, False)]
