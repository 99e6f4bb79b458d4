"""Sums on replicas: none counts before all hosts that answer have it, and none where rows lack."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.reports.sums import division
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseError, connect, database_name
from app.stores.clickhouse.hosts import at_place
from app.sums import computation
from app.sums.comparison import compare_sums
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()
SINCE = NOON - timedelta(hours=12)


@pytest.fixture
def places(shared_replicas, replicas_url, monkeypatch):
    """URLs of a database with clicks, of either replica first."""
    monkeypatch.setattr(computation, "settle_seconds", lambda _: -3600.0)
    monkeypatch.setattr(division, "SMALL_CLICKS", 1)
    migrate(replicas_url, timeout_seconds=60, ttl_days=0)
    found = [at_place(replicas_url, f"127.0.0.1:{one.port}") for one in shared_replicas.replicas]
    insert_clicks(found[0], *(click_row(NOON) for _ in range(20)))
    # What lags in these tests are sums.
    shared_replicas.catch_up(database_name(replicas_url))
    return found


def compute(url, timeout_seconds=60):
    with closing(Computation(url, timeout_seconds)) as computing:
        return computing.compute(DAY)


def days_of(url):
    with connect(url, timeout_seconds=60) as client:
        return clean_days(client)


def asked(url):
    """Return how many people there were, and of how many days that is known by sums."""
    query = Query(since=SINCE, until=SINCE + timedelta(days=1), interval="day")
    with Reports(url, timeout_seconds=60) as reports:
        answer = reports.ask(query, NOON + timedelta(days=1))
    return answer.figures.humans, answer.source.sums.days


def test_sums_do_not_count_before_each_host_has_them(shared_replicas, replicas_url, places):
    second = shared_replicas.replicas[1]
    table = f"{database_name(replicas_url)}.click_values"
    second.execute(f"SYSTEM STOP FETCHES {table}")
    with pytest.raises(ClickHouseError):
        compute(places[0], 3)
    assert [days_of(url) for url in places] == [{}, {}]
    second.execute(f"SYSTEM START FETCHES {table}")
    compute(places[0])
    for url in places:
        wait_until(lambda url=url: asked(url) == (20, 1))
        assert compare_sums(url, 60) == []


def test_two_hosts_that_compute_at_once_are_both_right(places):
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(compute, places))
    assert [one.clicks for one in found] == [20, 20]
    newest = max(one.version for one in found)
    for url in places:
        wait_until(lambda url=url: asked(url) == (20, 1) and days_of(url)[DAY].version == newest)
        assert compare_sums(url, 60) == []


def test_a_host_that_lacks_sums_reads_clicks(shared_replicas, replicas_url, places, monkeypatch):
    second = shared_replicas.replicas[1]
    table = f"{database_name(replicas_url)}.click_sums"
    second.execute(f"SYSTEM STOP FETCHES {table}")
    # As if it had been away, and were back since.
    monkeypatch.setattr(computation, "have_sums", lambda *_: None)
    version = compute(places[0]).version
    wait_until(lambda: asked(places[0]) == (20, 1))
    published = f"SELECT max(version) FROM {database_name(replicas_url)}.click_sum_days WHERE state"
    wait_until(lambda: second.execute(published) == [(version,)])
    assert days_of(places[1]) == {}
    assert asked(places[1]) == (20, 0)
    second.execute(f"SYSTEM START FETCHES {table}")
    wait_until(lambda: asked(places[1]) == (20, 1))
