"""API keys in a Redis of their own: a server, and a cluster."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.redirect.fakes import FakeClock


@pytest.fixture(params=["one server", "a cluster"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(client: redis.Redis, redis_url: str, clock: Any) -> KeyStore:
    return KeyStore(client, redis_url, clock)
