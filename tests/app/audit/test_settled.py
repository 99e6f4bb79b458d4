from collections.abc import Iterator
from typing import Any

import pytest

from app.audit.settled import settled_ms
from app.stores.redis.calls import caller
from app.stores.redis.client import connect

STREAMS = [("one", "group"), ("other", "group")]
NOW_MS = 1_800_000_000_000
CLOCKS_MS = 2_000


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


def settled(redis: Any, redis_url: str) -> int:
    return settled_ms(caller(redis, redis_url, 30), STREAMS, NOW_MS) + CLOCKS_MS


def test_where_nothing_is_on_its_way_all_is_settled_up_to_now(redis: Any, redis_url: str) -> None:
    assert settled(redis, redis_url) == NOW_MS
    redis.xgroup_create("one", "group", "0", mkstream=True)
    assert settled(redis, redis_url) == NOW_MS


def test_the_oldest_unfinished_entry_of_any_stream_bounds_it(redis: Any, redis_url: str) -> None:
    for stream, ids in (("one", (5, 6, 7)), ("other", (3, 8))):
        for each in ids:
            redis.xadd(stream, {"a": "b"}, id=f"{each}000-0")
    # Nobody has read the other one, ever.
    redis.xgroup_create("one", "group", "0")
    assert settled(redis, redis_url) == 3_000
    redis.xgroup_create("other", "group", "0")
    for stream in ("one", "other"):
        redis.xreadgroup("group", "me", {stream: ">"}, count=1)
    assert settled(redis, redis_url) == 3_000
    redis.xack("other", "group", "3000-0")
    assert settled(redis, redis_url) == 5_000
    redis.xack("one", "group", "5000-0")
    assert settled(redis, redis_url) == 6_000
