import time

import pytest

from app.clicks.click import to_fields
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable, connect
from app.stores.clickhouse.driver import errors
from app.stores.redis.errors import RedisUnavailable
from tests.support.producers import STREAM, send, send_clicks
from tests.support.worker_processes import wait_until
from tests.support.workers.consuming import GIVE_UP_SECONDS, GROUP, dead_letters, is_idle, malformed
from workers.clickhouse import writer


class Faulty:
    """Lets a method fail its first times, before or after it did its work."""

    def __init__(self, method, error, times=2, *, after=False):
        self._method = method
        self._error = error
        self._after = after
        self.left = times

    def __call__(self, *args):
        if not self.left:
            return self._method(*args)
        self.left -= 1
        if self._after:
            self._method(*args)
        raise self._error


@pytest.mark.parametrize("after", [False, True], ids=["rows not stored", "rows stored"])
@pytest.mark.parametrize("kind", [ClickHouseUnavailable, ClickHouseRefused])
def test_an_insert_that_fails_is_tried_again_with_the_same_rows(
    consume, redis, redis_url, count_clicks, kind, after
):
    send_clicks(redis_url, 100)
    faults = []

    def prepare(consumer):
        writer = consumer._sink._writer
        writer.insert = Faulty(writer.insert, kind("for a test"), after=after)
        faults.append(writer.insert)

    consume(lambda: is_idle(redis, 100), prepare)
    assert faults[0].left == 0
    assert count_clicks() == (100, 100)


@pytest.mark.parametrize("code", [60, 164, 204, 241, 243, 516, 733])
def test_a_state_of_clickhouse_is_waited_for_and_is_no_fault_of_a_click(
    consume, redis, redis_url, count_clicks, monkeypatch, code
):
    send_clicks(redis_url, 100)
    error = errors.ServerException("DB::Exception: Not now.", code)
    failing = Faulty(writer.write_ledger, error, times=3)
    monkeypatch.setattr(writer, "write_ledger", failing)
    consume(lambda: is_idle(redis, 100))
    assert failing.left == 0
    assert dead_letters(redis) == []
    assert count_clicks() == (100, 100)


@pytest.mark.parametrize("method", ["keep", "read", "ask_ahead"])
def test_an_error_of_redis_while_an_insert_is_under_way_doubles_nothing(
    consume, settings, redis, redis_url, count_clicks, method
):
    small = settings.model_copy(update={"insert_rows": 300, "claim_idle_seconds": 30.0})
    send_clicks(redis_url, 5000)

    def prepare(consumer):
        writer, fence = consumer._sink._writer, consumer._fence
        stream, insert = consumer._source._stream, writer.insert
        owner = fence if method == "keep" else stream
        call = getattr(owner, method)
        failing = []

        def fail_once(*args):
            if failing:
                failing.clear()
                raise RedisUnavailable("for a test")
            return call(*args)

        def insert_while_it_fails(batch, token):
            setattr(owner, method, fail_once)
            failing.append(True)
            wait_until(lambda: not failing)
            writer.insert = insert
            insert(batch, token)

        writer.insert = insert_while_it_fails

    consume(lambda: is_idle(redis, 5000), prepare, settings=small)
    assert count_clicks() == (5000, 5000)


@pytest.mark.parametrize("after", [False, True], ids=["nothing done", "done, and no reply"])
@pytest.mark.parametrize(
    "method",
    ["keep", "read", "begin", "commit", "claim_consumers", "dead_letter", "own", "unfinished"],
)
def test_an_error_of_redis_loses_and_doubles_nothing(
    consume, redis, redis_url, count_clicks, method, after
):
    send_clicks(redis_url, 300)
    send(redis_url, [malformed({"timestamp": "-5"})])

    def prepare(consumer):
        stream, fence = consumer._source._stream, consumer._fence
        error = RedisUnavailable("for a test")
        if method == "own":
            stream.read = Faulty(stream.read, error, times=1, after=True)
        owner = stream if hasattr(stream, method) else fence
        setattr(owner, method, Faulty(getattr(owner, method), error, after=after))

    consume(lambda: is_idle(redis, 301), prepare)
    assert count_clicks() == (300, 300)
    assert len(dead_letters(redis)) == 1


def test_a_drain_goes_on_trying_while_it_has_time(consume, redis, redis_url, count_clicks):
    send_clicks(redis_url, 100)
    faults = []

    def prepare(consumer):
        writer = consumer._sink._writer
        writer.insert = Faulty(writer.insert, ClickHouseUnavailable("for a test"), times=4)
        faults.append(writer.insert)

    consume(lambda: faults[0].left < 4, prepare)
    assert faults[0].left == 0
    assert count_clicks() == (100, 100)


def test_a_drain_ends_at_once_when_the_next_try_comes_too_late(consume, redis, redis_url):
    send_clicks(redis_url, 100)
    faults = []

    def prepare(consumer):
        sink = consumer._sink
        faults.append(Faulty(None, ClickHouseUnavailable("for a test"), times=100))
        sink._writer.insert = faults[0]
        sink._backoff.next_seconds = lambda: GIVE_UP_SECONDS

    started = time.monotonic()
    consume(lambda: faults[0].left < 100, prepare)
    assert time.monotonic() - started < GIVE_UP_SECONDS / 2
    assert redis.xpending(STREAM, GROUP)["pending"] == 100


def test_a_batch_of_a_dead_consumer_that_was_inserted_is_not_inserted_again(
    consume, redis, redis_url, count_clicks
):
    send_clicks(redis_url, 150)
    with pytest.raises(Died):
        consume(lambda: False, dying_before_ack)
    assert count_clicks() == (150, 150)
    (dead,) = redis.xinfo_consumers(STREAM, GROUP)
    consume(lambda: is_idle(redis, 150), predecessor=dead["name"].decode())
    assert count_clicks() == (150, 150)


def test_a_batch_that_clickhouse_forgot_is_inserted_again(
    consume, redis, redis_url, clicks_url, count_clicks
):
    send_clicks(redis_url, 150)
    with pytest.raises(Died):
        consume(lambda: False, dying_before_ack)
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks DELETE WHERE 1", settings={"mutations_sync": 2})
    assert count_clicks() == (0, 0)
    (dead,) = redis.xinfo_consumers(STREAM, GROUP)
    consume(lambda: is_idle(redis, 150), predecessor=dead["name"].decode())
    assert count_clicks() == (150, 150)


def test_clicks_that_clickhouse_lost_are_stored_when_they_are_sent_again(
    consume, redis, redis_url, clicks_url, count_clicks
):
    clicks = send_clicks(redis_url, 150)
    consume(lambda: is_idle(redis, 150))
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks DELETE WHERE 1", settings={"mutations_sync": 2})
    # ClickHouse remembers the insert, though nothing is left of it.
    send(redis_url, map(to_fields, clicks))
    consume(lambda: is_idle(redis, 300))
    assert count_clicks() == (150, 150)


class Died(Exception):
    pass


def dying_before_ack(consumer):
    def die(*_):
        raise Died

    consumer._fence.commit = die
