"""Stores that an erasure is made in."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from app.stores.clickhouse.connection import connect

Run = Callable[..., Any]


@pytest.fixture
def tables(hopline: Run, migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    # What the server takes to remove old files is tested once.
    monkeypatch.setattr("app.erasure.stored.StoredClicks.remove_old_parts", lambda *_: True)
    with connect(migrated_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client
