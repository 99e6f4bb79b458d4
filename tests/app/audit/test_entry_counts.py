import time

import pytest
from redis import Redis

from app.clicks.entry import Entry
from app.dead_letters.letter import Fault
from app.dead_letters.store import Choice, DeadLetters
from app.stores.keys import ledger_key
from app.stores.redis.client import connect
from tests.support.producers import STREAM, add_entries, send

GROUP = "analytics-group"


def test_there_is_nothing_to_check_without_a_group(redis, ledger):
    assert ledger.check() is None
    add_entries(redis)
    assert ledger.check() is None
    assert ledger.noted() is None


def test_every_entry_is_counted_where_it_is(redis, consumer, ledger):
    add_entries(redis, 10)
    first, *_, last = consumer.read(6)
    consumer.finish([first])
    fields = [b"number", b"5"]
    consumer.stream.dead_letter(Entry(last, fields), Fault("odd", ""), 1)
    counted = ledger.count()
    assert counted[1:] == (10, 1, 1, 4, 4, 0)
    assert counted.rest == 0
    assert abs(counted.time_ms - time.time() * 1000) < 60_000


def test_a_long_backlog_is_counted_in_pages(server, redis, consumer, ledger):
    sent = send(server.url, [{"number": "1"}] * 1_700)
    consumer.read(100)
    redis.xdel(STREAM, sent[-1], sent[700])
    assert ledger.count().unread == 1_598
    assert ledger.count().rest == 2


def delete_unread(redis: Redis, ids: list[bytes]) -> int:
    return redis.xdel(STREAM, ids[9], ids[7])


def delete_the_newest(redis: Redis, ids: list[bytes]) -> int:
    return redis.xdel(STREAM, ids[9])


def trim_unread(redis: Redis, ids: list[bytes]) -> int:
    return redis.xtrim(STREAM, minid=ids[9], approximate=False) - 5


def trim_everything(redis: Redis, ids: list[bytes]) -> int:
    return redis.xtrim(STREAM, maxlen=0, approximate=False) - 5


def ack_what_is_pending(redis: Redis, ids: list[bytes]) -> int:
    return redis.xack(STREAM, GROUP, *ids[2:5])


def remove_a_consumer(redis: Redis, ids: list[bytes]) -> int:
    return redis.xgroup_delconsumer(STREAM, GROUP, "me")


def read_past_the_workers(redis: Redis, ids: list[bytes]) -> int:
    read = redis.xreadgroup(GROUP, "me", {STREAM: ">"}, count=2, noack=True)
    return len(read[0][1])


@pytest.mark.parametrize(
    "by_hand",
    [
        delete_unread,
        delete_the_newest,
        trim_unread,
        trim_everything,
        ack_what_is_pending,
        remove_a_consumer,
        read_past_the_workers,
    ],
)
def test_what_is_taken_out_by_hand_is_missing_ever_after(redis, consumer, more, ledger, by_hand):
    assert more() == 0
    ids = add_entries(redis, 10)
    read = consumer.read(5)
    consumer.finish(read[:2])
    assert more() == 0
    before = ledger.noted().checked_ms
    taken = by_hand(redis, ids)
    assert taken > 0
    assert (more(), more()) == (taken, 0)
    consumer.finish(consumer.read(10))
    assert more() == 0
    ((after_ms, before_ms, entries, *_),) = ledger.gaps(0)
    assert (after_ms, entries) == (before, taken)
    assert after_ms < before_ms < ledger.noted().checked_ms
    assert ledger.noted().missing == taken
    assert ledger.gaps(ledger.noted().checked_ms + 60_000) == []
    assert sum(gap.entries for gap in ledger.gaps_of_a_day()) == taken


def test_pending_entries_that_were_deleted_are_missing_once_nobody_has_them(
    redis, open_consumer, more
):
    dead, claimant = open_consumer("dead"), open_consumer("claimant")
    more()
    ids = add_entries(redis, 4)
    dead.read(4)
    redis.xdel(STREAM, *ids[:2])
    assert more() == 0, "their consumer may still insert them"
    claimant.stream.claim_consumers(["dead"], 60_000)
    assert len(claimant.stream.claim_entries("dead", 10)) == 2
    assert more() == 2


def test_a_pending_entry_that_was_deleted_and_is_inserted_all_the_same_is_not_missing(
    redis, consumer, more
):
    more()
    add_entries(redis, 4)
    read = consumer.read(4)
    redis.xdel(STREAM, *read)
    consumer.finish(read)
    assert more() == 0


def test_finished_entries_may_go_however_they_go(server, redis, consumer, more):
    more()
    ids = send(server.url, [{"pad": "x" * 300}] * 1_000)
    consumer.finish(consumer.read(1_000))
    redis.xdel(STREAM, ids[0], ids[500])
    while consumer.admin.trim(4_000_000_000_000):
        continue
    redis.xadd(STREAM, {"number": "1"}, maxlen=1, approximate=True)
    assert more() == 0
    redis.xtrim(STREAM, minid=consumer.read(1)[0], approximate=False)
    assert more() == 0


def test_what_is_done_twice_is_counted_once(redis, open_consumer, more):
    slow, claimant = open_consumer("slow"), open_consumer("claimant")
    more()
    add_entries(redis, 4)
    read = slow.read(4)
    slow.fence.keep()
    slow.fence.begin(batch := slow.fence_batch(read))
    claimant.fence.keep()
    claimant.stream.claim_consumers(["slow"], 60_000)
    record = claimant.fence.unfinished()
    claimant.fence.commit(record)
    slow.fence.commit(batch)
    claimant.fence.commit(record)
    assert more() == 0


def test_a_batch_that_was_half_acked_before_its_consumer_died_is_counted_once(
    redis, open_consumer, more, ledger
):
    slow, claimant = open_consumer("slow"), open_consumer("claimant")
    more()
    add_entries(redis, 4)
    read = slow.read(4)
    slow.fence.keep()
    slow.fence.begin(batch := slow.fence_batch(read))
    slow.connection.call(*slow.fence._finishing(batch, read[:2], is_last=False))
    claimant.fence.keep()
    claimant.stream.claim_consumers(["slow"], 60_000)
    claimant.fence.commit(claimant.fence.unfinished())
    assert more() == 0
    assert ledger.count().inserted == 4


def test_dead_letters_and_those_sent_again_are_in_their_places(server, redis, consumer, more):
    more()
    add_entries(redis, 4)
    for entry in consumer.stream.read(4, 100, lambda: False):
        for _ in range(2):
            consumer.stream.dead_letter(entry, Fault("odd", ""), 1)
    assert more() == 0
    client = connect(server.url, timeout_seconds=30)
    letters = DeadLetters(client, server.url, stream=STREAM, dead_stream="clicks:dead")
    for letter in list(letters.find(Choice()))[:2]:
        letters.requeue(letter)
        letters.requeue(letter)
    letters.purge(next(letters.find(Choice())))
    assert more() == 0
    consumer.finish(consumer.read(4))
    assert more() == 0


def test_the_ledger_begins_with_what_is_there(redis, consumer, more, ledger):
    ids = add_entries(redis, 10)
    consumer.finish(consumer.read(3))
    consumer.read(2)
    redis.xdel(STREAM, ids[9])
    redis.delete(ledger_key(STREAM, GROUP))
    assert more() == 0
    noted = ledger.noted()
    assert (noted.base, noted.missing) == (4, 0)
    assert noted.since_ms == noted.checked_ms
    redis.xdel(STREAM, ids[8])
    assert more() == 1


def test_where_nothing_was_ever_finished_it_begins_with_the_oldest_entry(redis, consumer, ledger):
    redis.xadd(STREAM, {"number": "1"}, id="1778414400999-0")
    ledger.check()
    assert ledger.noted().since_ms == 1_778_414_400_000


def test_it_survives_a_clean_restart_and_a_kill(server, redis, consumer, more, ledger, open_ledger):
    more()
    add_entries(redis, 4)
    consumer.finish(consumer.read(2))
    redis.xdel(STREAM, add_entries(redis, 1)[0])
    assert more() == 1
    redis.bgrewriteaof()
    before = ledger.noted()
    server.restart()
    assert open_ledger().noted() == before
    server.kill()
    server.start()
    assert open_ledger().noted() == before


def test_it_rolls_back_with_the_stream_when_the_tail_of_the_aof_is_lost(
    server, redis, consumer, more, open_ledger
):
    more()
    for _ in range(40):
        add_entries(redis, 5)
        consumer.finish(consumer.read(4))
    more()
    server.finish_writing()
    server.kill()
    (tail,) = (server.directory / "appendonlydir").glob("*.incr.aof")
    whole = tail.read_bytes()
    for share in (0.9, 0.51, 0.3):
        tail.write_bytes(whole[: int(len(whole) * share)])
        server.start()
        counted = open_ledger().count()
        assert 0 < counted.inserted < 160
        assert counted.rest == 0
        server.kill()


def test_a_check_that_comes_late_changes_nothing(redis, consumer, more, ledger):
    more()
    redis.hincrby(ledger_key(STREAM, GROUP), "checked", 9_000)
    redis.xdel(STREAM, add_entries(redis, 1)[0])
    assert more() == 0


def test_a_clock_that_was_set_back_does_not_blind_it(redis, consumer, more, ledger):
    more()
    redis.hincrby(ledger_key(STREAM, GROUP), "checked", 3_600_000)
    redis.xdel(STREAM, add_entries(redis, 1)[0])
    assert (more(), more()) == (1, 0)


def test_it_is_checked_while_redis_is_full(redis, consumer, more):
    more()
    redis.xdel(STREAM, add_entries(redis, 2)[0])
    redis.config_set("maxmemory", 1)
    found = more()
    redis.config_set("maxmemory", 0)
    assert found == 1
