from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from tests.support.servers import RedisServer


@pytest.fixture
def server(any_redis_server: Callable[[], RedisServer]) -> RedisServer:
    """A server, of each kind in turn."""
    return any_redis_server()


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(server.url) as client:
        yield client
