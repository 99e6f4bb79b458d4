from collections.abc import Iterator
from typing import Any

import pytest
import redis

from app.config.settings import Settings
from app.links.store import LinkStore, open_store
from app.stores.redis.client import connect
from workers.webhooks import click_feed, schedule, traffic_feed


@pytest.fixture
def settings(make_settings: Any, redis_url: str) -> Settings:
    return make_settings(redis_url=redis_url, webhook_allow_private=True)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def links(settings: Settings) -> LinkStore:
    return open_store(settings)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds and hours with people takes moments."""
    monkeypatch.setattr(schedule, "_FIRST_SECONDS", 0.05)
    monkeypatch.setattr(schedule, "_MOST_SECONDS", 0.5)
    monkeypatch.setattr(schedule, "_MOST_REST_SECONDS", 0.2)
    monkeypatch.setattr(click_feed, "FLUSH_SECONDS", 0.2)
    monkeypatch.setattr(traffic_feed, "_LOOK_SECONDS", 0.1)
