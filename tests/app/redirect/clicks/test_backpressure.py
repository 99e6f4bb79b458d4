import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.backpressure import Backpressure
from app.redirect.clicks.shard_choice import ShardChoice
from app.stores.keys import backlog_marks_key
from tests.support.redirect.fakes import FakeClock
from tests.support.redirect.faults import failing_once
from tests.support.redirect.waiting import wait_until
from tests.support.redirect.watched import GROUP, MAXLEN, STREAM, Watched


@pytest.fixture
def watched(redis_url):
    made = Watched(redis_url)
    yield made
    made.close()


def test_without_a_stream_there_is_no_backlog(watched):
    assert watched.look() == 0
    assert not watched.redis.exists(STREAM, backlog_marks_key(STREAM, GROUP))


def test_without_a_group_the_whole_stream_counts(watched):
    watched.add(120)
    assert watched.look() == 120


def test_what_is_pending_counts_with_all_that_came_after_it(watched):
    watched.create_group()
    watched.look()
    watched.add(50)
    assert watched.look() == 50
    read = watched.read(50)
    assert watched.look() == 50
    watched.ack(read[1:])
    assert watched.look() == 50
    watched.ack(read[:1])
    assert watched.look() == 0


def test_finished_entries_do_not_count_however_many_the_stream_holds(watched):
    watched.create_group()
    watched.look()
    for _ in range(20):
        watched.add(45)
        watched.look()
        watched.ack(watched.read(45))
        watched.look()
    assert watched.redis.xlen(STREAM) == 900
    watched.add(30)
    assert 30 <= watched.look() <= 30 + MAXLEN / 256 + 1
    assert watched.redis.zcard(backlog_marks_key(STREAM, GROUP)) <= 3


def test_who_begins_to_watch_late_takes_everything_for_unprocessed_until_it_knows(watched):
    watched.create_group()
    watched.add(100)
    watched.ack(watched.read(90))
    assert watched.look() == 100
    watched.ack(watched.read(10))
    assert watched.look() == 0
    watched.add(5)
    assert watched.look() == 5


def test_a_stream_that_was_deleted_and_begun_anew_is_counted_anew(watched):
    watched.create_group()
    watched.add(100)
    watched.look()
    watched.redis.delete(STREAM)
    watched.create_group()
    watched.add(7)
    assert watched.look() == 7


def test_what_a_group_that_was_set_back_reads_again_counts(watched):
    watched.create_group()
    for _ in range(3):
        watched.look()
        watched.add(100)
    read = watched.read(300)
    watched.ack(read[:290])
    watched.redis.xgroup_setid(STREAM, GROUP, read[99])
    assert watched.look() >= 200


def test_marks_do_not_pile_up_while_nothing_is_processed(watched):
    watched.create_group()
    for _ in range(60):
        watched.add(50, maxlen=MAXLEN, approximate=True)
        assert watched.look() <= watched.redis.xlen(STREAM)
    assert watched.redis.zcard(backlog_marks_key(STREAM, GROUP)) < 300


def test_it_counts_on_redis_7_as_well(redis7_server):
    watched = Watched(redis7_server().url)
    watched.create_group()
    watched.look()
    watched.add(40)
    watched.ack(watched.read(10))
    assert 30 <= watched.look() <= 40
    watched.close()


def test_it_is_full_from_the_high_mark_down_to_the_low_one(watched, caplog):
    watched.create_group()
    watched.backpressure.start()
    assert not watched.backpressure.is_full
    for _ in range(9):
        watched.add(91)
        watched.look()
    wait_until(lambda: watched.backpressure.is_full)
    assert "of the 1000 clicks" in caplog.text
    assert watched.registry.get_sample_value("hopline_backlog_full") == 1
    watched.ack(watched.read(310))
    gevent.sleep(0.7)
    assert watched.backpressure.is_full
    watched.ack(watched.read(100))
    wait_until(lambda: not watched.backpressure.is_full)
    assert "There is room again" in caplog.text


def test_new_clicks_give_way_while_redis_memory_nears_its_bound(any_redis_server, caplog):
    watched = Watched(any_redis_server().url)
    watched.create_group()
    # No SET, whose value would lie in a buffer for a while as well.
    watched.redis.setrange("links", 20 << 20, "x")
    watched.look()
    assert not watched.backpressure.is_full
    for share, is_full in ((0.72, False), (0.85, True), (0.78, True), (0.72, False)):
        used = watched.redis.info("memory")["used_memory"]
        watched.redis.config_set("maxmemory", int(used / share))
        gevent.sleep(0.05)
        watched.look()
        assert watched.backpressure.is_full is is_full, share
        assert watched.backpressure.reason == ("memory" if is_full else "")
        shown = watched.registry.get_sample_value("hopline_redis_memory_full")
        assert shown == is_full
    assert "MiB (maxmemory)" in caplog.text
    watched.close()


def test_memory_is_looked_at_even_when_it_is_full(watched):
    watched.create_group()
    watched.look()
    watched.redis.config_set("maxmemory", 1)
    try:
        watched.look()
        assert watched.backpressure.reason == "memory"
    finally:
        watched.redis.config_set("maxmemory", 0)
    watched.look()
    assert not watched.backpressure.is_full


def test_while_redis_does_not_let_us_look_the_last_decision_stands(watched, caplog):
    watched.redis.set(STREAM, "no stream at all")
    watched.backpressure._look()
    assert "can't be counted" in caplog.text
    assert not watched.backpressure.is_full
    watched.redis.delete(STREAM)
    watched.add(900)
    watched.look()
    watched.redis.set(STREAM, "no stream at all")
    watched.backpressure._look()
    assert watched.backpressure.is_full


def test_nothing_is_sent_before_the_first_look_for_it_might_trim_what_is_unread(valkey_server):
    watched = Watched(valkey_server().url)
    watched.create_group()
    # Of a bound that was higher.
    watched.add(2 * MAXLEN)
    assert (watched.backpressure.is_full, watched.backpressure.reason) == (True, "redis_away")
    # As one that is loading does.
    watched.redis.config_set("min-replicas-to-write", 1)
    watched.backpressure._look()
    assert (watched.backpressure.is_full, watched.backpressure.reason) == (True, "redis_away")
    watched.redis.config_set("min-replicas-to-write", 0)
    watched.look()
    assert (watched.backpressure.is_full, watched.backpressure.reason) == (True, "backlog")
    watched.ack(watched.read(2 * MAXLEN))
    watched.look()
    assert (watched.backpressure.is_full, watched.backpressure.reason) == (False, "")
    watched.close()


def test_a_server_that_refuses_is_doubted_once_until_it_takes_something_again(valkey_server):
    watched = Watched(valkey_server().url)
    watched.create_group()
    doubts: list[None] = []
    watched.pipeline.on_new_server.append(lambda: doubts.append(None))
    for spell in (1, 2):
        watched.redis.config_set("min-replicas-to-write", 1)
        for _ in range(3):
            watched.backpressure._look()
        assert len(doubts) == spell
        watched.redis.config_set("min-replicas-to-write", 0)
        watched.look()
    watched.close()


def test_a_master_that_becomes_a_replica_is_left_and_told_of(any_redis_server):
    old, new = any_redis_server(), any_redis_server()
    watched = Watched(old.url)
    watched.create_group()
    told: list[int] = []
    watched.pipeline.on_new_server.append(lambda: told.append(1))
    watched.backpressure.start()
    watched.redis.replicaof("127.0.0.1", new.port)
    wait_until(lambda: told)
    wait_until(watched.pipeline.connected.is_set)
    watched.redis.replicaof("NO", "ONE")
    wait_until(lambda: len(told) > 1)
    watched.close()


def test_a_promotion_under_an_open_connection_is_noticed(valkey_server):
    server, other = valkey_server(), valkey_server()
    watched = Watched(server.url)
    watched.create_group()
    watched.look()
    told: list[int] = []
    watched.pipeline.on_new_server.append(lambda: told.append(1))
    # Between two looks it was a replica, and took over another's data.
    watched.redis.replicaof("127.0.0.1", other.port)
    wait_until(lambda: watched.redis.info("replication")["master_link_status"] == "up")
    watched.redis.replicaof("NO", "ONE")
    watched.look()
    wait_until(lambda: told)
    watched.close()


def test_a_server_that_stays_away_is_doubted_before_it_is_back(valkey_server):
    server, doubts = valkey_server(), []
    watched = Watched(server.url, absence_seconds=0.2)
    try:
        watched.pipeline.on_new_server.append(lambda: doubts.append(None))
        watched.backpressure.start()
        server.kill()
        wait_until(lambda: doubts)
        assert not watched.pipeline.connected.is_set()
    finally:
        watched.close()


def test_a_fast_growth_is_looked_ahead(redis_url):
    clock = FakeClock()
    backpressure = Backpressure(
        None,
        RedirectMetrics(CollectorRegistry()),
        shards=ShardChoice([STREAM], lambda _: None),
        group=GROUP,
        maxlen=1_000_000,
        timeout_seconds=2,
        clock=clock,
    )
    backpressure.note([700_000])
    clock.now += 1
    backpressure.note([720_000])
    assert not backpressure.is_full
    clock.now += 1
    backpressure.note([780_000])
    assert backpressure.is_full


def test_a_fault_of_ours_ends_no_watch(watched, monkeypatch):
    watched.create_group()
    watched.backpressure.start()
    monkeypatch.setattr(watched.backpressure, "note", failing_once(watched.backpressure.note))
    watched.add(7)
    wait_until(lambda: watched.registry.get_sample_value("hopline_backlog") == 7)
    names = ("hopline_chore_failures_total", {"chore": "backlog"})
    assert watched.registry.get_sample_value(*names) == 1
