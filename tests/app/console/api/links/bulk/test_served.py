"""Imports as gunicorn serves them: to who sends all before reading any, and killed halfway."""

import http.client
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.console.api.links.bulk.exports import EXPORT_PATH
from app.console.api.links.bulk.imports import IMPORT_PATH
from app.console.api.links.bulk.turns import MOST_AT_ONCE
from tests.support.redirect_servers import ConsoleServer
from tests.support.worker_processes import wait_until

DEADLINE_SECONDS = 300
#: Their answer is larger than what a connection takes that nobody reads from.
ROWS = 50_000


@pytest.fixture
def console(redis_url: str, tmp_path: Path) -> Iterator[ConsoleServer]:
    unused = "clickhouse://127.0.0.1:1/hopline"
    with ConsoleServer(tmp_path, redis_url=redis_url, clickhouse_url=unused) as server:
        yield server
        assert server.stop() == 0


def body() -> bytes:
    rows = (f"{number:060},https://example.com/{number}\n" for number in range(ROWS))
    return f"code,target\n{''.join(rows)}".encode()


def begin(console: ConsoleServer, sent: bytes) -> socket.socket:
    """Send all of an import and read the beginning of its answer."""
    head = (
        f"POST {IMPORT_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
        f"Content-Length: {len(sent)}\r\n\r\n"
    )
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(DEADLINE_SECONDS)
    client.connect(("127.0.0.1", console.port))
    client.sendall(head.encode() + sent)
    assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    return client


def whole(console: ConsoleServer, sent: bytes) -> dict[str, Any]:
    """Return the last line of an import's answer, which is read once all is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=DEADLINE_SECONDS)
    with closing(connection):
        connection.request("POST", IMPORT_PATH, sent, {"Content-Type": "text/csv"})
        lines = connection.getresponse().read().splitlines()
        # The same connection goes on.
        connection.request("GET", "/-/live")
        assert connection.getresponse().status == 200
    assert len(lines) == ROWS + 1
    end: dict[str, Any] = json.loads(lines[-1])
    return end


def test_an_import_that_is_killed_halfway_and_repeated_makes_each_link_once(
    console: ConsoleServer, links: Any
) -> None:
    sent = body()
    with begin(console, sent):
        (worker,) = psutil.Process(console.pid).children()
        worker.send_signal(signal.SIGKILL)
        wait_until(lambda: not worker.is_running())
    end = whole(console, sent)
    assert end["complete"]
    assert end["created"] + end["unchanged"] == ROWS
    assert min(end["created"], end["unchanged"]) > 0
    assert len({link.code for link in links.links.scan()}) == links.links.count() == ROWS


def test_who_hangs_up_has_no_further_rows_stored_and_leaves_the_console_at_work(
    console: ConsoleServer, links: Any
) -> None:
    sent = body()
    for _ in range(MOST_AT_ONCE):
        begin(console, sent).close()
    wait_until(lambda: _may_export(console))
    assert links.links.count() < ROWS


def _may_export(console: ConsoleServer) -> bool:
    """Tell whether both turns are free."""
    with begin_export(console) as one, begin_export(console) as other:
        return all(each.recv(12) == b"HTTP/1.1 200" for each in (one, other))


def begin_export(console: ConsoleServer) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", console.port), timeout=DEADLINE_SECONDS)
    client.sendall(f"GET {EXPORT_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client
