"""The comparison of sums with clicks on a real server."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from app.stores.clickhouse.connection import connect
from app.sums.comparison import Difference, compare_sums
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.support.clicks import bot_row, click_row, insert_clicks

NOON = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)
DAY = NOON.date()
NOW = {"mutations_sync": 1}


@pytest.fixture
def url(migrated_url):
    """A database with a summed day: two links' clicks, of which one is stored twice."""
    row = click_row(NOON, short_code="a")
    insert_clicks(migrated_url, row, bot_row(NOON, short_code="b"))
    insert_clicks(migrated_url, row)
    with closing(Computation(migrated_url, 30)) as computation:
        computation.compute(DAY)
    return migrated_url


@pytest.fixture
def client(url):
    with connect(url, timeout_seconds=30) as client:
        client.execute("TRUNCATE TABLE click_marks")
        yield client


def test_sums_that_are_right_are_found_right(client, url):
    assert DAY in clean_days(client)
    assert compare_sums(url, 30) == []
    assert DAY in clean_days(client)


def test_a_sum_that_somebody_changed_is_named_and_its_day_computed_anew(client, url):
    client.execute("ALTER TABLE click_sums UPDATE humans = 7 WHERE short_code = 'a'", settings=NOW)
    assert compare_sums(url, 30) == [Difference(DAY, "a", 1, 7, 1, 1)]
    assert clean_days(client) == {}


def test_days_before_the_first_are_not_looked_at(client, url):
    client.execute("ALTER TABLE click_sums UPDATE humans = 7 WHERE short_code = 'a'", settings=NOW)
    assert compare_sums(url, 30, DAY + timedelta(days=1)) == []
    assert DAY in clean_days(client)
    assert compare_sums(url, 30, DAY) != []


def test_a_click_that_somebody_deleted_is_named_by_its_link(client, url):
    client.execute("ALTER TABLE clicks DELETE WHERE short_code = 'b'", settings=NOW)
    assert compare_sums(url, 30) == [
        Difference(DAY, "", 2, 1, 1, 1),
        Difference(DAY, "b", 1, 0, 0, 0),
    ]


def test_an_hour_of_a_breakdown_that_somebody_changed_is_named(client, url):
    hour = f"country at {NOON.hour}"
    change = f"ALTER TABLE click_values UPDATE clicks = 9 WHERE dimension = '{hour}'"
    client.execute(change, settings=NOW)
    (found,) = compare_sums(url, 30)
    assert (found.day, found.dimension) == (DAY, "country by hour")


def test_a_day_that_is_marked_is_not_compared(client, url):
    insert_clicks(url, click_row(NOON))
    assert compare_sums(url, 30) == []


def test_breakdowns_and_visitors_that_differ_from_the_totals_are_named(client, url):
    client.execute(
        "ALTER TABLE click_values UPDATE clicks = 5 WHERE short_code = '' AND dimension = 'country'"
        " AND humans = 1",
        settings=NOW,
    )
    (found,) = compare_sums(url, 30)
    assert found[:2] == (DAY, "")
    assert (found.summed_clicks > found.clicks, found.dimension) == (True, "country")
    assert "for all links by country say" in str(found)
    assert clean_days(client) == {}


def test_visitors_that_are_not_the_same_by_first_and_last_click_are_named(client, url):
    client.execute("ALTER TABLE click_sums UPDATE visitors_last_of_day = 9 WHERE 1", settings=NOW)
    (found, *_) = compare_sums(url, 30)
    assert (found.day, found.dimension) == (DAY, "kind")
    assert str(found).endswith("for all links by kind count other visitors than their totals")
