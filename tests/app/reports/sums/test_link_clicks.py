"""Clicks of every link: each click once, whether a day has sums or not."""

from contextlib import closing
from datetime import date, datetime, timedelta

import pytest

from app.links.index.follower import LinkClicks
from app.reports.sums.link_clicks import link_clicks
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect
from app.sums.computation import Computation
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks


def milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def compute(url: str) -> None:
    """Compute the sums of a day, as if nothing had been marked of late."""
    with connect(url, timeout_seconds=30) as client:
        client.execute("TRUNCATE TABLE click_marks")
    with closing(Computation(url, 30)) as computation:
        computation.compute(date(2026, 5, 10))


@pytest.mark.parametrize("has_sums", [False, True])
def test_each_click_counts_once_and_the_last_one_is_known(
    migrated_url: str, has_sums: bool
) -> None:
    late, tomorrow = NOON + timedelta(hours=3, milliseconds=5), NOON + timedelta(days=1)
    rows = [
        click_row(NOON, short_code="a"),
        bot_row(late, short_code="a"),
        click_row(tomorrow, short_code="a"),
        click_row(NOON, short_code="b"),
    ]
    insert_clicks(migrated_url, *rows)
    insert_clicks(migrated_url, rows[0])
    if has_sums:
        compute(migrated_url)
    expected = [
        LinkClicks("a", 3, milliseconds(tomorrow)),
        LinkClicks("b", 1, milliseconds(NOON)),
    ]
    assert sorted(link_clicks(migrated_url, 30)) == expected


def test_days_whose_rows_are_gone_count_by_their_sums(migrated_url: str) -> None:
    insert_clicks(migrated_url, click_row(NOON, short_code="a"), click_row(NOON, short_code="a"))
    compute(migrated_url)
    with connect(migrated_url, timeout_seconds=30) as client:
        client.execute("TRUNCATE TABLE clicks")
    assert list(link_clicks(migrated_url, 30)) == [LinkClicks("a", 2, milliseconds(NOON))]


def test_without_clickhouse_there_are_none() -> None:
    with pytest.raises(ClickHouseUnavailable):
        list(link_clicks("clickhouse://127.0.0.1:1/default", 1))
