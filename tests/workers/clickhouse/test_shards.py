"""Inserts, verification, audit and replay on real shards that are away, lag or are killed."""

import time
from contextlib import ExitStack, closing

import pytest

from app.audit.beginnings import Beginnings
from app.audit.click_comparison import Clicks
from app.audit.click_ref import ClickRef
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect, database_name
from app.stores.clickhouse.hosts import at_place
from app.stores.clickhouse.replicas import ReplicaBehind
from tests.support.redirect.waiting import wait_until
from tests.support.workers.rows import plain_row, rows_of
from workers.clickhouse.batch import Batch
from workers.clickhouse.writer import Writer
from workers.replay.stored_clicks import StoredClicks, cursor_of

_ALL_CONNECTION_TRIES_FAILED = 279


def batch_of(first, length):
    """Return a batch of clicks that are young enough for the ledger."""
    batch, numbers = Batch(), range(first, first + length)
    now_ms = time.time_ns() // 1_000_000
    rows = rows_of(*(plain_row(number, time=now_ms - number) for number in numbers))
    batch.append([b"%d-0" % number for number in numbers], rows, 0.0)
    return batch


@pytest.fixture
def url(shards_url):
    migrate(shards_url, timeout_seconds=60, ttl_days=0)
    return shards_url


@pytest.fixture
def writer(url, metrics):
    with closing(Writer(url, 20, metrics)) as writer:
        yield writer


def at(url, *replicas):
    return at_place(url, ",".join(f"127.0.0.1:{each.port}" for each in replicas))


def counts(url, *replicas):
    """Return the clicks by FINAL that hosts know of, and how many of them are distinct."""
    with connect(at(url, *replicas), timeout_seconds=60) as client:
        return client.execute("SELECT count(), uniqExact(click_id) FROM clicks FINAL")[0]


def settle(shards, url, expected):
    for replica in shards.replicas:
        wait_until(lambda replica=replica: counts(url, replica) == (expected, expected))


def test_an_insert_is_on_both_shards_and_is_counted_there(writer, url, shared_shards):
    batch = batch_of(0, 1000)
    assert writer.count_stored(batch) == 0
    writer.insert(batch, "whole")
    assert writer.count_stored(batch) == 1000
    writer.insert(batch, "whole")
    settle(shared_shards, url, 1000)
    with connect(url, timeout_seconds=60) as client:
        assert client.execute("SELECT count() FROM clicks") == [(1000,)]


@pytest.fixture
def writer_at(url, metrics):
    """A function that makes a writer which knows of some replicas."""
    with ExitStack() as stack:
        yield lambda *replicas: stack.enter_context(
            closing(Writer(at(url, *replicas), 20, metrics))
        )


def test_while_a_shard_is_away_an_insert_waits_and_its_retry_stores_each_click_once(
    url, writer_at, shared_shards
):
    first, second = shared_shards.shards
    writer = writer_at(*first)
    batch = batch_of(0, 1000)
    for replica in second:
        replica.kill()
    with pytest.raises(ClickHouseUnavailable) as refused:
        writer.insert(batch, "half")
    assert refused.value.code == _ALL_CONNECTION_TRIES_FAILED
    with pytest.raises(ClickHouseUnavailable):
        writer.count_stored(batch)
    for replica in second:
        replica.start()

    def is_stored():
        try:
            writer.insert(batch, "half")
        except ClickHouseUnavailable:
            return False
        return True

    wait_until(is_stored)
    assert writer.count_stored(batch) == 1000
    settle(shared_shards, url, 1000)


def test_with_one_replica_of_each_shard_away_inserts_and_figures_go_on(
    url, writer_at, shared_shards
):
    away = [shard[0] for shard in shared_shards.shards]
    left = [shard[1] for shard in shared_shards.shards]
    for replica in away:
        replica.kill()
    writer = writer_at(*shared_shards.replicas)
    batch = batch_of(0, 1000)
    writer.insert(batch, "left")
    assert writer.count_stored(batch) == 1000
    for replica in left:
        assert counts(url, replica) == (1000, 1000)
    for replica in away:
        replica.start()
    settle(shared_shards, url, 1000)


def test_a_lagging_replica_of_any_shard_is_not_believed(url, writer_at, shared_shards):
    (first, behind), other = shared_shards.shards
    table = f"{database_name(url)}.clicks_local"
    behind.execute(f"SYSTEM STOP FETCHES {table}")
    batch = batch_of(0, 1000)
    writer_at(first).insert(batch, "lag")
    first.kill()
    here = writer_at(*other)
    with pytest.raises(ReplicaBehind, match="of clicks_local at"):
        here.count_stored(batch)
    first.start()
    behind.execute(f"SYSTEM START FETCHES {table}")
    wait_until(lambda: is_all_there(here, batch))


def is_all_there(writer, batch):
    try:
        return writer.count_stored(batch) == len(batch)
    except ClickHouseUnavailable:
        return False


def test_the_audit_compares_what_is_on_each_shard(writer, url, shared_shards):
    batch = batch_of(0, 1000)
    writer.insert(batch, "audit")
    with closing(Clicks(url, 20)) as clicks:
        compare(clicks, batch, url, shared_shards)


def compare(clicks, batch, url, shards):
    refs = {ClickRef(*one) for one in zip(batch.rows.time, batch.rows.click_id, strict=True)}
    first_ms, last_ms = min(batch.rows.time), max(batch.rows.time)
    found = clicks.compare(first_ms, last_ms + 1, iter)
    assert (sum(found.in_ledger.values()), found.absent, found.uncounted) == (1000, set(), set())
    assert clicks.among("clicks", refs) == clicks.among("ledger", refs) == refs
    gone = min(refs, key=lambda one: one.click_id)
    for first, _ in shards.shards:
        with connect(at(url, first), timeout_seconds=20) as client:
            client.execute(
                f"ALTER TABLE clicks_local DELETE WHERE click_id = unhex('{gone.click_id.hex()}')",
                settings={"mutations_sync": 2},
            )
    found = clicks.compare(first_ms, last_ms + 1, iter)
    assert (sum(found.in_ledger.values()), found.absent, found.uncounted) == (1000, {gone}, set())
    assert clicks.among("clicks", refs) == refs - {gone}


def test_a_replay_reads_all_shards_in_one_order(writer, url):
    batch = batch_of(0, 1000)
    writer.insert(batch, "replay")
    with closing(StoredClicks(url, 20)) as stored:
        read_all(stored, batch)
        stored.replace(stored.of_clicks(batch.rows))
    assert writer.count_stored(batch) == 1000


def read_all(stored, batch):
    span = (min(batch.rows.time), max(batch.rows.time) + 1)
    months = stored.months(*span)
    assert sum(months.values()) == 1000
    read, after = [], None
    for month in months:
        while (page := stored.page(month, *span, after, 300)).click_id:
            after = cursor_of(page)
            read += zip(page.short_code, page.time, page.click_id, strict=True)
    assert len(read) == len(set(read)) == 1000
    assert set(stored.of_clicks(batch.rows).click_id) == set(batch.rows.click_id)


def test_the_beginning_of_a_ledger_is_known_to_every_host(writer, url, shared_shards):
    batch = batch_of(0, 10)
    writer.insert(batch, "ledger")
    last_ms = max(batch.rows.time)
    first, *_, last = shared_shards.replicas
    Beginnings(at(url, first), 20, "clicks:stream", "group").write(1)
    there = Beginnings(at(url, last), 20, "clicks:stream", "group")
    assert there.another_until(1) is None
    assert there.another_until(last_ms + 5) == last_ms
