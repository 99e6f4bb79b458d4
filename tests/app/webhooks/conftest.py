from collections.abc import Iterator

import pytest
import redis

from app.stores.redis.client import connect


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client
