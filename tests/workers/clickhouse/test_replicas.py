"""Inserts, verification and audit on real replicas that die, lag or have no Keeper."""

import shutil
import time
from collections import Counter
from itertools import count
from pathlib import Path
from threading import Timer

import pytest

from app.audit.click_comparison import Clicks
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect, of_cluster
from app.stores.clickhouse.hosts import at_place
from app.stores.clickhouse.replicas import ReplicaBehind
from tests.support.redirect.waiting import wait_until
from tests.support.workers.rows import plain_row, rows_of
from workers.clickhouse.batch import Batch
from workers.clickhouse.writer import Writer
from workers.consumer.sink import Sink, _InsertJob
from workers.stream.lease import BatchRecord

#: A timeout that is not reached by a machine which is just busy.
_UNBEARABLE_SECONDS = 60.0
_tokens = (f"test-token-{number}" for number in count())


def batch_of(first, length, **columns):
    batch = Batch()
    rows = rows_of(*(plain_row(number, **columns) for number in range(first, first + length)))
    batch.append([b"%d-0" % number for number in range(first, first + length)], rows, 0.0)
    return batch


@pytest.fixture
def url(replicas_url):
    migrate(replicas_url, timeout_seconds=60, ttl_days=0)
    return replicas_url


@pytest.fixture
def writer(url, metrics):
    writer = Writer(url, 20, metrics)
    yield writer
    writer.close()


def at(url, replica):
    return at_place(url, f"127.0.0.1:{replica.port}")


def ask(url, query):
    with connect(url, timeout_seconds=60) as client:
        return client.execute(query)


def counts(url, replica):
    """Return a replica's clicks by FINAL, and how many of them are distinct."""
    return ask(at(url, replica), "SELECT count(), uniqExact(click_id) FROM clicks FINAL")[0]


def settle(replicas, url, expected):
    for replica in replicas.replicas:
        wait_until(lambda replica=replica: counts(url, replica) == (expected, expected))


def insert_until_stored(writer, batch, deadline_seconds=150):
    """Do what a sink does with a batch, and return how long it took.

    See workers/consumer/sink.py: the same token until it is confirmed, then a look.
    """
    token, began, is_retry = next(_tokens), time.monotonic(), False
    answers = Counter()
    while time.monotonic() < began + deadline_seconds:
        try:
            writer.insert(batch, token)
            if is_retry:
                verify(writer, batch)
            return time.monotonic() - began
        except ClickHouseUnavailable as error:
            answers[str(error)] += 1
            is_retry = True
            time.sleep(0.05)
    raise AssertionError(f"it was never stored: {answers}")


def verify(writer, batch):
    try:
        missing = len(batch) - writer.count_stored(batch)
    except ReplicaBehind:
        missing = len(batch)
    if missing:
        writer.insert(batch, next(_tokens))


def test_a_killed_replica_costs_no_click_and_doubles_none(shared_replicas, metrics, url):
    inserted, waits = 0, []
    writer = Writer(url, _UNBEARABLE_SECONDS, metrics)
    for victim in (*shared_replicas.replicas, *shared_replicas.replicas):
        for number in range(8):
            if number == 3:
                victim.kill()
            batch = batch_of(inserted, 100)
            waits.append(insert_until_stored(writer, batch, 2 * _UNBEARABLE_SECONDS))
            inserted += 100
        victim.start()
    writer.close()
    settle(shared_replicas, url, inserted)
    # Who waited for the dead would take its timeout.
    assert max(waits) < _UNBEARABLE_SECONDS


def test_a_replica_that_dies_during_an_insert_costs_no_click(clickhouse_replicas, metrics):
    replicas = clickhouse_replicas()
    url = of_cluster(replicas.url("hopline"), "hop", "0")
    migrate(url, timeout_seconds=60, ttl_days=0)
    writer = Writer(url, 20, metrics)
    inserted = 0
    for _ in range(6):
        reached = _reached(writer)
        victim = next(each for each in replicas.replicas if str(each.port) in reached)
        batch = batch_of(inserted, 20_000)
        killer = Timer(0.03, victim.kill)
        killer.start()
        insert_until_stored(writer, batch)
        killer.join()
        inserted += len(batch)
        victim.start()
    writer.close()
    settle(replicas, url, inserted)


def test_a_replica_that_died_before_keeper_knew_its_rows_takes_inserts_again(
    shared_replicas, url, metrics
):
    first, second = shared_replicas.replicas
    writer = Writer(url, 20, metrics)
    # Young enough for the ledger.
    now_ms = time.time_ns() // 1_000_000
    insert_until_stored(writer, batch_of(0, 100, time=now_ms))
    wait_until(lambda: len(_part_folders(url, first)) == 2)
    folders = _part_folders(url, first)
    first.kill()
    for folder in folders:
        _leave_unknown_parts(folder)
    first.start()
    second.kill()
    insert_until_stored(writer, batch_of(100, 100, time=now_ms))
    writer.close()
    second.start()
    settle(shared_replicas, url, 200)


def _part_folders(url, replica):
    query = "SELECT path FROM system.parts WHERE table IN ('clicks', 'ledger') AND active"
    rows = ask(at(url, replica), f"{query} AND database = currentDatabase()")
    return [Path(folder) for (folder,) in rows]


def _leave_unknown_parts(folder):
    """Leave what an insert leaves that died between its part and the word of it to Keeper.

    They are most of the table's rows, as where a batch is larger than what came before.
    """
    partition, *_ = folder.name.split("_")
    for number in (1_000, 1_001):
        shutil.copytree(folder, folder.with_name(f"{partition}_{number}_{number}_0"))


def _reached(writer):
    writer._connection.ask(lambda client: client.execute("SELECT 1"))
    return writer._connection._client.connection.reached


def test_one_token_is_one_insert_at_whichever_replica(shared_replicas, url, metrics):
    first, second = (Writer(at(url, each), 20, metrics) for each in shared_replicas.replicas)
    batch, token = batch_of(0, 1000), next(_tokens)
    first.insert(batch, token)
    second.insert(batch, token)
    first.close()
    second.close()
    for replica in shared_replicas.replicas:
        wait_until(
            lambda replica=replica: ask(at(url, replica), "SELECT count() FROM clicks") == [(1000,)]
        )


def test_a_retry_at_a_replica_that_lags_says_so_instead_of_missing(shared_replicas, url, metrics):
    first, second = shared_replicas.replicas
    batch, token = batch_of(0, 1000), next(_tokens)
    ask(at(url, second), "SYSTEM STOP FETCHES clicks")
    there, here = Writer(at(url, first), 20, metrics), Writer(at(url, second), 20, metrics)
    there.insert(batch, token)
    here.insert(batch, token)
    with pytest.raises(ReplicaBehind):
        here.count_stored(batch)
    ask(at(url, second), "SYSTEM START FETCHES clicks")
    wait_until(lambda: counts(url, second) == (1000, 1000))
    assert here.count_stored(batch) == 1000
    there.close()
    here.close()


def test_a_retry_at_a_replica_that_lags_is_inserted_once_more_without_alarm(
    shared_replicas, url, metrics
):
    first, second = shared_replicas.replicas
    batch, token = batch_of(0, 1000), next(_tokens)
    ask(at(url, second), "SYSTEM STOP FETCHES clicks")
    there, here = Writer(at(url, first), 20, metrics), Writer(at(url, second), 20, metrics)
    there.insert(batch, token)
    batch.is_retry = True
    sink = Sink(None, None, here, None, metrics, None)
    sink._insert(_InsertJob(batch, BatchRecord(f"{token}@me", 0, batch.entry_ids)))
    assert counts(url, second) == (1000, 1000)
    assert metrics.rows_missing._value.get() == 0
    ask(at(url, second), "SYSTEM START FETCHES clicks")
    settle(shared_replicas, url, 1000)
    sink.close()
    there.close()


def test_while_keeper_is_away_inserts_fail_at_once_and_reports_go_on(shared_replicas, writer, url):
    insert_until_stored(writer, batch_of(0, 100))
    settle(shared_replicas, url, 100)
    shared_replicas.keeper.kill()
    with pytest.raises(ClickHouseUnavailable) as refused:
        writer.insert(batch_of(100, 100), token := next(_tokens))
    # By ClickHouse's own default it would take 20 s and more, so that nobody heard its answer.
    assert refused.value.code
    assert counts(url, shared_replicas.replicas[0]) == (100, 100)
    shared_replicas.keeper.start()
    wait_until(lambda: _is_inserted(writer, batch_of(100, 100), token))
    verify(writer, batch_of(100, 100))
    settle(shared_replicas, url, 200)


def _is_inserted(writer, batch, token):
    try:
        writer.insert(batch, token)
    except ClickHouseUnavailable:
        return False
    return True


def test_a_quorum_has_both_replicas_confirm(shared_replicas, url, metrics):
    first, second = shared_replicas.replicas
    both = of_cluster(at(url, first).partition("?")[0], "hop", "2")
    writer = Writer(both, 20, metrics)
    writer.insert(batch_of(0, 100), next(_tokens))
    assert counts(url, second) == (100, 100)
    second.kill()
    with pytest.raises(ClickHouseUnavailable, match=r"(?i)replica|quorum"):
        writer.insert(batch_of(100, 100), next(_tokens))
    writer.close()


def test_the_audit_of_a_replica_that_lags_raises_no_alarm(shared_replicas, url, metrics):
    first, second = shared_replicas.replicas
    for table in ("clicks", "ledger"):
        ask(at(url, second), f"SYSTEM STOP FETCHES {table}")
    writer = Writer(at(url, first), 20, metrics)
    now_ms = time.time_ns() // 1_000_000
    # Young enough for the ledger.
    writer.insert(batch_of(0, 1000, time=now_ms), next(_tokens))
    writer.close()
    clicks = Clicks(at(url, second), 20)
    # The clicks come first: without the ledger they would count as somebody else's.
    ask(at(url, second), "SYSTEM START FETCHES clicks")
    wait_until(lambda: counts(url, second) == (1000, 1000))
    with pytest.raises(ReplicaBehind, match="it can't be told yet"):
        clicks.compare(now_ms - 1000, now_ms + 1000, iter)
    ask(at(url, second), "SYSTEM START FETCHES ledger")
    found = clicks.compare(now_ms - 1000, now_ms + 1000, iter)
    clicks.close()
    assert (found.absent, found.uncounted) == (set(), set())
    assert sum(found.in_ledger.values()) == 1000
