from collections.abc import Iterator
from typing import Any

import pytest

from app.config.settings import Settings
from app.health.redis.consumers import read_lag
from app.health.redis.stream import StreamNames
from app.stores.redis.client import connect

NAMES = StreamNames.of(Settings())
STREAM, GROUP = NAMES.stream, NAMES.group


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


def test_each_consumer_has_what_it_read_and_did_not_ack(redis: Any, redis_url: str) -> None:
    redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ids = [redis.xadd(STREAM, {"a": number}) for number in range(5)]
    redis.xgroup_createconsumer(STREAM, GROUP, "idle")
    redis.xreadgroup(GROUP, "busy", {STREAM: ">"}, count=3)
    redis.xack(STREAM, GROUP, ids[0])
    found = read_lag(redis, redis_url, NAMES)
    assert found.backlog
    assert (found.backlog.unread, found.backlog.pending) == (2, 2)
    busy, idle = found.consumers
    assert (busy.name, busy.pending, idle.name, idle.pending) == ("busy", 2, "idle", 0)
    assert busy.oldest_seconds is not None
    assert busy.oldest_seconds >= 0
    assert idle.oldest_seconds is None


def test_a_stream_that_nobody_ever_read_has_no_group(redis: Any, redis_url: str) -> None:
    assert read_lag(redis, redis_url, NAMES).backlog is None
    redis.xadd(STREAM, {"a": 1})
    assert read_lag(redis, redis_url, NAMES).consumers == ()
