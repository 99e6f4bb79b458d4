"""Machines that commands of the stores back up and restore."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.stores.clickhouse.connection import connect
from tests.support import servers
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks

Run = Callable[..., Any]


@pytest.fixture
def filled(hopline: Run, migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installation with links and clicks of several months; returns the ClickHouse URL."""
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    hopline("links", "add", "https://example.com/a", "--code", "plain", "--tag", "x")
    hopline("links", "add", "https://example.com/b", "--code", "limited", "--limit", "5")
    hopline("links", "add", "https://example.com/c", "--code", "gone")
    hopline("links", "rm", "gone", "--yes")
    rows = [
        click_row(NOON - timedelta(days=31 * months, milliseconds=months), user_agent=agent)
        for months in range(3)
        for agent in ("Mozilla/5.0", "caf\u00e9 \u2603", "")
    ]
    insert_clicks(migrated_url, *rows, bot_row())
    insert_clicks(
        migrated_url, {**rows[0], "country": "FR", "enriched_at": NOON.replace(year=2027)}
    )
    return migrated_url


@pytest.fixture
def elsewhere(
    valkey_server: Callable[[], servers.RedisServer],
    shared_clickhouse: servers.ClickHouseServer,
    monkeypatch: pytest.MonkeyPatch,
    free_port: object,
) -> Callable[[], str]:
    """A function that leads the command to an empty machine; returns its ClickHouse URL."""

    def move() -> str:
        url = shared_clickhouse.url("elsewhere")
        monkeypatch.setenv("HOPLINE_REDIS_URL", valkey_server().url)
        monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", url)
        return url

    yield move
    with connect(shared_clickhouse.url("default"), timeout_seconds=10) as client:
        client.execute("DROP DATABASE IF EXISTS elsewhere SYNC")


def all_clicks(url: str) -> list[Any]:
    with connect(url, timeout_seconds=30) as client:
        return client.execute("SELECT * FROM clicks FINAL ORDER BY short_code, time, click_id")
