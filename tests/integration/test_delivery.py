"""Real workers, real stores, and kill -9 in the middle: every click is counted, and once."""

import itertools

import pytest
from redis import Redis
from redis import exceptions as redis_errors

from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseError, connect, translated
from tests.support.producers import STREAM, send_clicks
from tests.support.worker_processes import Workers, wait_until

CLICKS = 10_000
PIECE = 500


@pytest.fixture
def settings(make_settings, valkey, clickhouse):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=clickhouse.url("hopline"),
        consumers=2,
        insert_rows=1_000,
        insert_seconds=0.2,
        clickhouse_timeout_seconds=10,
        claim_idle_seconds=1.0,
    )


@pytest.fixture
def workers(settings, tmp_path):
    with Workers(settings, tmp_path / "workers.log") as started:
        yield started


def distinct_clicks(clickhouse) -> int:
    url = clickhouse.url("hopline")
    try:
        with translated(url), connect(url, timeout_seconds=30) as client:
            return client.execute("SELECT uniqExact(click_id) FROM clicks")[0][0]
    except ClickHouseError:
        return -1


def is_all_acked(valkey) -> bool:
    with Redis.from_url(valkey.url) as client:
        return client.xpending(STREAM, "analytics-group")["pending"] == 0


def test_killed_consumers_lose_and_double_nothing(workers, valkey, clickhouse):
    wait_until(lambda: len(workers.consumers()) == 2)
    for piece in range(CLICKS // PIECE):
        send_clicks(valkey.url, PIECE)
        if piece % 5 == 2 and workers.consumers():
            workers.consumers()[0].kill()
        clickhouse.ensure_running()
    wait_until(lambda: distinct_clicks(clickhouse) == CLICKS, 60)
    wait_until(lambda: is_all_acked(valkey))
    assert workers.stop() == 0
    assert distinct_clicks(clickhouse) == CLICKS


def test_a_killed_clickhouse_loses_and_doubles_nothing(workers, valkey, clickhouse):
    for piece in range(CLICKS // PIECE):
        send_clicks(valkey.url, PIECE)
        if piece in (5, 12):
            wait_until(lambda: distinct_clicks(clickhouse) > 0)
            clickhouse.kill()
            send_clicks(valkey.url, 1)
            wait_until(lambda: "wait to be inserted" in workers.log)
            clickhouse.start()
    wait_until(lambda: distinct_clicks(clickhouse) == CLICKS + 2, 60)
    wait_until(lambda: is_all_acked(valkey))
    assert workers.stop() == 0


def test_a_killed_valkey_loses_and_doubles_nothing(workers, valkey, clickhouse):
    sent = 0
    for piece in itertools.count():
        if sent >= CLICKS:
            break
        try:
            send_clicks(valkey.url, PIECE)
            sent += PIECE
        except redis_errors.ConnectionError:
            continue
        if piece in (5, 12):
            wait_until(lambda: distinct_clicks(clickhouse) > 0)
            valkey.finish_writing()
            valkey.kill()
            wait_until(lambda: "is away" in workers.log)
            valkey.start()
    wait_until(lambda: distinct_clicks(clickhouse) == sent, 60)
    wait_until(lambda: is_all_acked(valkey))
    assert workers.stop() == 0
    assert distinct_clicks(clickhouse) == sent


def test_clicks_made_before_clickhouse_is_there_are_counted(
    make_settings, valkey, clickhouse_server, tmp_path
):
    clickhouse = clickhouse_server()
    clickhouse.stop()
    settings = make_settings(
        redis_url=valkey.url, clickhouse_url=clickhouse.url("hopline"), consumers=1
    )
    with Workers(settings, tmp_path / "workers.log") as workers:
        send_clicks(valkey.url, 100)
        wait_until(lambda: "wait to be inserted" in workers.log)
        clickhouse.start()
        migrate(clickhouse.url("hopline"), timeout_seconds=30, ttl_days=0)
        wait_until(lambda: distinct_clicks(clickhouse) == 100)
        assert workers.stop() == 0
