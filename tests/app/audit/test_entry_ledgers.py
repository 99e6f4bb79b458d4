"""The ledgers of several shards as one, on a real server."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from app.audit.click_ref import ClickRef
from app.audit.entry_counts import EntryLedger
from app.audit.entry_ledgers import EntryLedgers
from app.audit.finished_entries import AllFinished, Finished
from app.clicks.click import to_fields
from app.stores.keys import ledger_key
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import make_click

GROUP = "analytics-group"
STREAMS = ["clicks:stream", "clicks:stream:{u0}"]

Call = Callable[..., Any]


@pytest.fixture
def call(redis_url: str) -> Call:
    return RedisConnection(connect(redis_url, timeout_seconds=30), redis_url, 30).call


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def ledgers(call: Call, redis: Redis) -> EntryLedgers:
    for stream in STREAMS:
        redis.xgroup_create(stream, GROUP, "0", mkstream=True)
    return EntryLedgers([EntryLedger(call, stream, GROUP) for stream in STREAMS])


def test_entries_of_all_are_counted(ledgers: EntryLedgers, redis: Redis) -> None:
    ledgers.check()
    for stream, count in zip(STREAMS, (2, 3), strict=True):
        for _ in range(count):
            redis.xadd(stream, {"a": "1"})
    redis.xreadgroup(GROUP, "me", {STREAMS[1]: ">"}, count=1)
    [counted, more] = ledgers.check()
    assert (counted.added, counted.unread, counted.pending, more) == (5, 4, 1, 0)


def test_without_the_group_of_one_there_is_no_ledger(ledgers: EntryLedgers, redis: Redis) -> None:
    assert ledgers.noted() is None
    ledgers.check()
    assert ledgers.noted() is not None
    redis.delete(STREAMS[1], ledger_key(STREAMS[1], GROUP))
    assert ledgers.check() is None
    assert ledgers.noted() is None


def test_the_ledgers_began_with_the_first(ledgers: EntryLedgers, redis: Redis) -> None:
    ledgers.check()
    redis.hset(ledger_key(STREAMS[0], GROUP), "since", 7)
    assert ledgers.noted().since_ms == 7


def test_a_gap_of_any_is_one_of_all(ledgers: EntryLedgers, redis: Redis) -> None:
    ledgers.check()
    for stream in STREAMS:
        redis.xdel(stream, redis.xadd(stream, {"a": "1"}))
    # Of two checks in one millisecond the second finds nothing new.
    time.sleep(0.002)
    assert ledgers.check()[1] == 2
    assert [gap.entries for gap in ledgers.gaps(0)] == [1, 1]
    assert len(ledgers.gaps_of_a_day()) == 2


def test_what_a_comparison_found_counts_once(ledgers: EntryLedgers) -> None:
    ledgers.check()
    ledgers.note_clicks(99, 3, 4, 55)
    noted = ledgers.noted()
    assert (noted.compared_ms, noted.missing_clicks, noted.uncounted_clicks) == (99, 3, 4)
    assert [one.noted().compared_ms for one in ledgers.ledgers] == [99, 99]


@pytest.mark.usefixtures("ledgers")
def test_a_click_is_told_from_another_whose_entry_has_the_same_id_in_another_shard(
    call: Call, redis: Redis
) -> None:
    finished = AllFinished([Finished(call, stream, GROUP) for stream in STREAMS])
    clicks = [make_click(), make_click()]
    for stream, click in zip(STREAMS, clicks, strict=True):
        redis.xadd(stream, to_fields(click), id="1000-0")
        redis.xreadgroup(GROUP, "me", {stream: ">"})
        redis.xack(stream, GROUP, "1000-0")
    found = {click: entry for page in finished.clicks(0) for click, entry in page.items()}
    assert found.keys() == {ClickRef(one.time_ms, one.click_id) for one in clicks}
    redis.xdel(STREAMS[1], "1000-0")
    assert finished.still(found) == {ClickRef(clicks[0].time_ms, clicks[0].click_id): b"1000-0"}
    assert finished.first_ms() == 1000


@pytest.mark.usefixtures("ledgers")
def test_a_look_at_the_newest_of_all_takes_a_share_of_each(call: Call, redis: Redis) -> None:
    for stream in STREAMS:
        for _ in range(1_000):
            redis.xadd(stream, to_fields(make_click()))
        read = redis.xreadgroup(GROUP, "me", {stream: ">"}, count=1_000)
        redis.xack(stream, GROUP, *(entry_id for entry_id, _ in read[0][1]))
    finished = AllFinished([Finished(call, stream, GROUP) for stream in STREAMS])
    assert sum(map(len, finished.clicks(0, 800))) == 800
    assert sum(map(len, finished.clicks(0))) == 2_000
