from datetime import UTC, datetime, timedelta

import pytest

from app.audit.click_comparison import Clicks
from app.audit.click_ref import ClickRef
from app.audit.writer import write_ledger
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseRefused, connect
from tests.support.clicks import click_row, insert_clicks

NOW = datetime.now(UTC).replace(second=10, microsecond=0)
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = NOW_MS // 60_000
DAY_MS = 86_400_000


@pytest.fixture
def clicks_url(clickhouse_url):
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    return clickhouse_url


@pytest.fixture
def clicks(clicks_url):
    clicks = Clicks(clicks_url, 30)
    yield clicks
    clicks.close()


@pytest.fixture
def take_on(clicks_url):
    """A function that writes rows into the ledger; returns their references."""

    def take_on(*rows) -> set[ClickRef]:
        seen = [ClickRef(round(row["time"].timestamp() * 1000), row["click_id"]) for row in rows]
        with connect(clicks_url, timeout_seconds=10) as client:
            write_ledger(client, [one.click_id for one in seen], [one.time_ms for one in seen])
        return set(seen)

    return take_on


def rows_of(count: int, time: datetime = NOW) -> list[dict]:
    return [click_row(time + timedelta(milliseconds=n)) for n in range(count)]


def compare(clicks, since_ms: int = NOW_MS - 60_000):
    return clicks.compare(since_ms, NOW_MS + 1000, iter)


def test_equal_tables_have_nothing_to_tell(clicks, clicks_url, take_on):
    rows = rows_of(5)
    take_on(*rows)
    insert_clicks(clicks_url, *rows)
    assert compare(clicks)[:3] == ({MINUTE: 5}, set(), set())
    assert compare(clicks, NOW_MS + 3)[:3] == ({MINUTE: 2}, set(), set())


def test_what_came_twice_is_one(clicks, clicks_url, take_on):
    rows = rows_of(5)
    for _ in range(2):
        take_on(*rows)
        insert_clicks(clicks_url, *rows)
    insert_clicks(clicks_url, *rows[:2])
    take_on(*rows[2:])
    assert compare(clicks)[:3] == ({MINUTE: 5}, set(), set())


def test_what_is_in_one_table_only_is_named(clicks, clicks_url, take_on):
    rows = rows_of(6)
    seen = sorted(take_on(*rows[:5], *rows[:2]))
    insert_clicks(clicks_url, *rows[2:])
    insert_clicks(clicks_url, *rows[2:])
    found = compare(clicks)
    assert found.in_ledger == {MINUTE: 5}
    assert found.absent == set(seen[:2])
    assert [one.click_id for one in found.uncounted] == [rows[5]["click_id"]]


def test_one_missing_and_one_too_many_in_a_minute_are_noticed(clicks, clicks_url, take_on):
    rows = rows_of(3)
    take_on(*rows[:2])
    insert_clicks(clicks_url, *rows[1:])
    found = compare(clicks)
    assert (len(found.absent), len(found.uncounted)) == (1, 1)


def test_days_and_minutes_are_told_apart(clicks, clicks_url, take_on):
    days = [rows_of(4, NOW - timedelta(days=number)) for number in range(3)]
    for rows in days:
        take_on(*rows)
        insert_clicks(clicks_url, *rows[1:])
    future = rows_of(1, NOW + timedelta(days=400))
    take_on(*future)
    # In the middle of a minute, so that days are cut there, too.
    since_ms = NOW_MS - 2 * DAY_MS + 2
    starts = []
    found = clicks.compare(since_ms, NOW_MS + 1000, lambda spans: starts.extend(spans) or starts)
    assert starts == [since_ms, since_ms + DAY_MS, since_ms + 2 * DAY_MS]
    wanted = {MINUTE - 2880: 2, MINUTE - 1440: 4, MINUTE: 4, MINUTE + 400 * 1440: 1}
    assert found.in_ledger == wanted
    assert len(found.absent) == 3


def test_clicks_are_looked_up_in_either_table(clicks, clicks_url, take_on):
    rows = rows_of(12_000)
    seen = take_on(*rows)
    insert_clicks(clicks_url, *rows[:11_000])
    assert clicks.among("ledger", seen) == seen
    assert clicks.among("clicks", seen) == set(sorted(seen)[:11_000])
    assert clicks.among("clicks", []) == set()


def test_it_reaches_back_as_far_as_no_table_forgets(clicks, clicks_url):
    hour_ms = 3_600_000
    assert clicks.reach_ms(NOW_MS) == NOW_MS - 35 * DAY_MS + hour_ms
    migrate(clicks_url, timeout_seconds=30, ttl_days=7)
    assert clicks.reach_ms(NOW_MS) == NOW_MS - 7 * DAY_MS + hour_ms


def test_without_the_table_it_says_what_to_do(clicks, clicks_url):
    with connect(clicks_url, timeout_seconds=10) as client:
        client.execute("DROP TABLE ledger")
    with pytest.raises(ClickHouseRefused, match="hopline migrate"):
        compare(clicks)
