from collections.abc import Iterator

import pytest

from app.config.settings import Settings
from app.console.rates.counter import SharedCounter, open_counter
from app.stores.keys import api_rate_key
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable


@pytest.fixture
def counter(redis_url: str) -> Iterator[SharedCounter]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield SharedCounter(client, redis_url)


def test_requests_are_added_up_within_a_window_that_ends(counter: SharedCounter) -> None:
    count, left_ms = counter.add("reads", "k", 3, 60)
    assert (count, left_ms) == (3, 60_000)
    count, left_ms = counter.add("reads", "k", 2, 60)
    assert count == 5
    assert 0 < left_ms <= 60_000
    assert counter.add("writes", "k", 1, 60)[0] == 1
    assert 0 < counter._client.pttl(api_rate_key("reads", "k")) <= 60_000


def test_a_full_redis_still_counts(counter: SharedCounter) -> None:
    counter._client.config_set("maxmemory", 1)
    try:
        assert counter.add("reads", "full", 1, 60)[0] == 1
    finally:
        counter._client.config_set("maxmemory", 0)


def test_a_redis_that_is_away_is_said_to_be() -> None:
    with pytest.raises(RedisUnavailable):
        open_counter(Settings(redis_url="redis://127.0.0.1:1/0")).add("reads", "k", 1, 60)
