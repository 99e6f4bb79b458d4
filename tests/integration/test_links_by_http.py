"""What is done with a link by HTTP is what visitors get, from every worker of the redirect."""

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.redirect_servers import ConsoleServer, RedirectServer
from tests.support.worker_processes import wait_until

#: Connections that stay open, so that each goes on asking the worker that took it.
_VISITORS = 12
Answer = tuple[int, str | None]


@pytest.fixture
def console(redis_url: str, tmp_path: Path) -> Iterator[http.client.HTTPConnection]:
    unused = "clickhouse://127.0.0.1:1/hopline"
    directory = tmp_path / "console"
    with (
        ConsoleServer(directory, redis_url=redis_url, clickhouse_url=unused) as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection,
    ):
        yield connection


@pytest.fixture
def visitors(redis_url: str, tmp_path: Path) -> Iterator[list[http.client.HTTPConnection]]:
    directory = tmp_path / "redirect"
    with (
        RedirectServer(directory, redis_url, redirect_workers=2) as server,
        ExitStack() as connections,
    ):
        yield [
            connections.enter_context(
                closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60))
            )
            for _ in range(_VISITORS)
        ]


def ask(console: http.client.HTTPConnection, method: str, path: str, **given: object) -> int:
    headers = {"Content-Type": "application/json"}
    body = json.dumps(given) if given else None
    console.request(method, f"/api/v1/links{path}", body, headers)
    answer = console.getresponse()
    answer.read()
    return answer.status


def visit(visitor: http.client.HTTPConnection) -> Answer:
    visitor.request("GET", "/sale")
    answer = visitor.getresponse()
    answer.read()
    return answer.status, answer.headers["Location"]


def require_everywhere(visitors: list[http.client.HTTPConnection], expected: Answer) -> None:
    """Wait until every visitor gets an answer, and see that nobody gets another one after it."""
    for visitor in visitors:
        wait_until(lambda visitor=visitor: visit(visitor) == expected)
    assert {visit(visitor) for visitor in visitors for _ in range(3)} == {expected}


def test_every_worker_answers_by_what_was_last_said_of_a_link(
    console: http.client.HTTPConnection, visitors: list[http.client.HTTPConnection]
) -> None:
    # Each worker remembers that there is no such link, and then what it was before.
    require_everywhere(visitors, (404, None))
    assert ask(console, "POST", "", target="https://example.com/a", code="sale") == 201
    require_everywhere(visitors, (302, "https://example.com/a"))
    assert ask(console, "PATCH", "/sale", target="https://example.com/b", status=307) == 200
    require_everywhere(visitors, (307, "https://example.com/b"))
    assert ask(console, "PUT", "/sale", target="https://example.com/c") == 200
    require_everywhere(visitors, (302, "https://example.com/c"))
    assert ask(console, "POST", "/sale/disable") == 200
    require_everywhere(visitors, (410, None))
    assert ask(console, "POST", "/sale/enable") == 200
    require_everywhere(visitors, (302, "https://example.com/c"))
    assert ask(console, "DELETE", "/sale") == 204
    require_everywhere(visitors, (410, None))
