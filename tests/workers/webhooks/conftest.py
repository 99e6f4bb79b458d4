from collections.abc import Iterator
from typing import Any

import pytest
import redis

from app.config.settings import Settings
from app.links.store import LinkStore, open_store
from app.stores.redis.client import connect


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
