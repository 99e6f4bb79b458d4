"""Pages of finished entries of a real stream."""

import pytest
from redis import Redis

from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, add_entries
from workers.replay import finished_entries
from workers.replay.finished_entries import FinishedEntries
from workers.stream.names import Names

GROUP = "analytics-group"
LAST_ID = b"18446744073709551615-0"


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url, protocol=2) as client:
        client.xgroup_create(STREAM, GROUP, "0", mkstream=True)
        yield client


@pytest.fixture
def entries(redis, redis_url, monkeypatch):
    monkeypatch.setattr(finished_entries, "_AT_ONCE", 3)
    call = RedisConnection(connect(redis_url, timeout_seconds=30), redis_url, 30).call
    return FinishedEntries(call, Names(STREAM, GROUP, "", "clicks:dead", 100))


def test_a_page_is_read_in_several_calls_and_the_next_goes_on_behind_it(redis, entries):
    ids = add_entries(redis, 10)
    redis.xreadgroup(GROUP, "me", {STREAM: ">"}, count=9)
    redis.xack(STREAM, GROUP, ids[0], *ids[2:])
    first = entries.page(b"-", LAST_ID, 8)
    assert [one.entry_id for one in first.entries] == [ids[0], *ids[2:8]]
    assert (first.unfinished, first.last_id) == (1, ids[7])
    second = entries.page(b"(" + first.last_id, LAST_ID, 8)
    assert ([one.entry_id for one in second.entries], second.last_id) == ([ids[8]], ids[8])
    assert entries.page(b"(" + second.last_id, LAST_ID, 8) == ([], 0, b"")


def test_a_page_of_long_texts_ends_before_it_has_as_many_entries(redis, entries, monkeypatch):
    monkeypatch.setattr(finished_entries, "_PAGE_BYTES", 20_000)
    ids = [redis.xadd(STREAM, {"referer": "a" * 5_000}) for _ in range(9)]
    redis.xreadgroup(GROUP, "me", {STREAM: ">"})
    redis.xack(STREAM, GROUP, *ids)
    page = entries.page(b"-", LAST_ID, 9)
    assert (len(page.entries), page.last_id) == (6, ids[5])
