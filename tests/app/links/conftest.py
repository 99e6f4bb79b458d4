"""Links on one server and on a cluster, for tests that hold on both."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from app.links.store import LinkStore, open_store
from app.stores.redis.client import connect


@pytest.fixture(params=["one server", "a cluster"])
def url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    with connect(url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def store(url: str, make_settings: Callable[..., Any]) -> LinkStore:
    return open_store(make_settings(redis_url=url))
