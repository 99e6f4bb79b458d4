"""The ledger beside real workers that are killed, put to sleep and fed everything twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from app.audit.audit import Audit, Findings
from app.audit.factory import open_audit
from app.stores.keys import ledger_key
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, send, send_clicks, to_fields
from tests.support.worker_processes import Workers, wait_until

GROUP = "analytics-group"
CLICKS = 2_000


@pytest.fixture
def settings(make_settings, valkey, clickhouse):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=clickhouse.url("hopline"),
        consumers=2,
        insert_seconds=0.2,
        clickhouse_timeout_seconds=10,
        claim_idle_seconds=1.0,
    )


@contextmanager
def opened(settings) -> Iterator[Audit]:
    with connect(settings.redis_url, timeout_seconds=30) as client:
        call = RedisConnection(client, settings.redis_url, 30).call
        audit = open_audit(settings, call, (0.5, 1.0, 2.0))
        yield audit
        audit.close()


@pytest.fixture
def examine(settings) -> Callable[[], Findings]:
    """A function that makes an audit over new connections."""

    def examine() -> Findings:
        with opened(settings) as audit:
            return audit.run()

    return examine


@pytest.fixture
def workers(settings, valkey, tmp_path) -> Iterator[Workers]:
    """Workers that have begun their ledger."""
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: workers.log.count("reads from") >= 2)
        with Redis.from_url(valkey.url) as client:
            wait_until(lambda: client.exists(ledger_key(STREAM, GROUP)))
        yield workers


def is_settled(found: Findings) -> bool:
    return not found.total.in_flight and not found.entries.pending + found.entries.unread


def test_killed_consumers_are_no_difference_at_any_moment(workers, valkey, examine):
    sent = threading.Thread(
        target=lambda: [send_clicks(valkey.url, CLICKS // 20) for _ in range(20)]
    )
    sent.start()
    for number in range(6):
        consumers = workers.consumers()
        if consumers:
            consumers[number % len(consumers)].kill()
        assert examine().is_balanced
    sent.join()
    wait_until(lambda: is_settled(examine()), 60)
    found = examine()
    assert found.is_balanced
    assert found.total.accepted == CLICKS


def test_everything_sent_twice_is_accepted_once(workers, valkey, examine):
    clicks = send_clicks(valkey.url, CLICKS)
    wait_until(lambda: is_settled(examine()))
    send(valkey.url, map(to_fields, clicks))
    wait_until(lambda: examine().entries.inserted == 2 * CLICKS)
    found = examine()
    assert found.is_balanced
    assert found.total.accepted == found.total.inserted == CLICKS


def test_a_sleeper_that_wakes_is_no_difference(workers, valkey, examine):
    sleeper = workers.consumers()[0]
    send_clicks(valkey.url, CLICKS)
    sleeper.suspend()
    wait_until(lambda: is_settled(examine()), 60)
    sleeper.resume()
    send_clicks(valkey.url, CLICKS)
    wait_until(lambda: examine().total.inserted == 2 * CLICKS, 60)
    assert examine().is_balanced


def test_stores_that_are_killed_are_no_difference(workers, valkey, clickhouse, examine):
    clicks = send_clicks(valkey.url, CLICKS)
    clickhouse.kill()
    send_clicks(valkey.url, CLICKS)
    # Else more may go than the tail that is cut off, and the beginning of the ledger with it.
    valkey.finish_writing()
    valkey.kill()
    clickhouse.start()
    (tail,) = (valkey.directory / "appendonlydir").glob("*.incr.aof")
    whole = tail.read_bytes()
    tail.write_bytes(whole[: len(whole) * 9 // 10])
    valkey.start()
    # As redirect workers do with their last seconds when Redis was restarted.
    send(valkey.url, map(to_fields, clicks))
    wait_until(lambda: is_settled(examine()), 60)
    assert examine().is_balanced


def test_what_is_taken_out_by_hand_is_noticed_while_the_workers_go_on(
    workers, settings, valkey, clickhouse, examine
):
    send_clicks(valkey.url, CLICKS)
    wait_until(lambda: examine().total.inserted == CLICKS)
    for consumer in workers.consumers():
        consumer.suspend()
    send_clicks(valkey.url, 10)
    with Redis.from_url(valkey.url) as client:
        client.xdel(STREAM, client.xrevrange(STREAM, count=1)[0][0])
    clickhouse.execute(
        "ALTER TABLE hopline.clicks DELETE"
        " WHERE click_id = (SELECT min(click_id) FROM hopline.clicks) SETTINGS mutations_sync = 1"
    )
    for consumer in workers.consumers():
        consumer.resume()
    wait_until(lambda: examine().total.inserted == CLICKS - 1 + 9, 60)
    found = examine()
    assert not found.is_balanced
    assert (found.total.missing, found.missing_entries) == (1, 1)
