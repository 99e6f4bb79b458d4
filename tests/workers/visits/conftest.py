"""An installation with links, into which visits are brought by the command."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.audit.entry_counts import EntryLedger
from app.links.store import open_store
from app.stores.clickhouse.connection import connect
from app.stores.redis.client import connect as redis_client
from app.stores.redis.connection import RedisConnection
from tests.support.command_line import hopline
from tests.support.producers import STREAM
from tests.support.workers.replay_world import GROUP, World, write_countries

__all__ = ["hopline"]

CODES = ("sale", "news")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on its way here, so a difference need not be given time to go away."""
    monkeypatch.setattr("app.cli.checks.audit.PATIENCE_SECONDS", (0.05, 0.05, 0.05))


@pytest.fixture
def world(
    make_settings: Any,
    redis_url: str,
    migrated_url: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """A stream with its group and a ledger that has begun, tables, and two links."""
    countries = write_countries(tmp_path / "countries.mmdb", DE="203.0.113.0/24")
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    monkeypatch.setenv("HOPLINE_GEOIP_PATH", str(countries))
    settings = make_settings(
        redis_url=redis_url, clickhouse_url=migrated_url, geoip_path=(countries,)
    )
    made = World(settings)
    call = RedisConnection(redis_client(redis_url, timeout_seconds=30), redis_url, 30).call
    EntryLedger(call, STREAM, GROUP).check()
    links = open_store(settings)
    for code in CODES:
        links.create({"target": f"https://example.com/{code}"}, code=code)
    yield made
    made.close()


@pytest.fixture
def rows(migrated_url: str) -> Callable[[str], list[tuple[Any, ...]]]:
    """A function that returns columns of all clicks, by time and code."""

    def read(columns: str) -> list[tuple[Any, ...]]:
        with connect(migrated_url, timeout_seconds=30) as client:
            text = f"SELECT {columns} FROM clicks FINAL ORDER BY time, short_code, click_id"
            found: list[tuple[Any, ...]] = client.execute(text)
            return found

    return read
