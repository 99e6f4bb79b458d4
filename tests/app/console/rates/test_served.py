"""Limits as two consoles of one installation keep them, also without Redis."""

import http.client
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.console import TOKEN
from tests.support.redirect_servers import ConsoleServer
from tests.support.servers import RedisServer

QUOTA = 20


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def ports(redis: RedisServer, tmp_path: Path) -> Iterator[list[int]]:
    settings = {
        "redis_url": redis.url,
        "clickhouse_url": "clickhouse://127.0.0.1:1/hopline",
        "console_token": TOKEN,
        "console_reads_per_minute": QUOTA,
    }
    with ExitStack() as started:
        consoles = (ConsoleServer(tmp_path / name, **settings) for name in ("one", "two"))
        yield [started.enter_context(console).port for console in consoles]


def ask(port: int, path: str = "/api/v1/openapi.json") -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("RateLimit") or ""


def test_two_consoles_together_give_a_key_its_quota(ports: list[int]) -> None:
    statuses = [ask(port)[0] for _ in range(QUOTA) for port in ports]
    assert statuses == [200] * QUOTA + [429] * QUOTA


def test_a_console_goes_on_and_counts_for_itself_while_redis_is_away(
    ports: list[int], redis: RedisServer
) -> None:
    ask(ports[0])
    redis.signal(signal.SIGSTOP)
    frozen = [ask(ports[0])[0] for _ in range(5)]
    redis.kill()
    gone = [ask(ports[0])[0] for _ in range(QUOTA)]
    assert frozen == [200] * 5
    assert gone == [200] * (QUOTA - 6) + [429] * 6
    assert ask(ports[0], "/-/live")[0] == 200
