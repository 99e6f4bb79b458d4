from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.reports.reading.newest import Seen, Wanted, newest_clicks
from app.reports.reading.reader import Reports
from tests.support.clicks import bot_row, click_row, insert_clicks

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
#: Of looks back that double eightfold from a minute, clicks on both sides of several.
AGES = [timedelta(seconds=n) for n in (1, 59, 61, 400, 3_000, 40_000)] + [
    timedelta(days=n) for n in (3, 30, 200, 2_000)
]


@pytest.fixture
def reports(migrated_url: str) -> Iterator[Reports]:
    with Reports(migrated_url, timeout_seconds=30) as reports:
        yield reports


@pytest.fixture
def ages(migrated_url: str) -> list[timedelta]:
    """Ages of clicks, of people and programs and of two links by turns, each inserted twice."""
    rows = [
        (bot_row if n % 3 == 2 else click_row)(NOW - age, short_code="ab"[n % 2])
        for n, age in enumerate(AGES)
    ]
    for _ in range(2):
        insert_clicks(migrated_url, *rows)
    return AGES


def found(reports: Reports, wanted: Wanted, most: int, skipped: int, there: int) -> list[timedelta]:
    clicks = newest_clicks(reports, wanted, most=most, skipped=skipped, there=there)
    return [NOW - datetime.fromtimestamp(click.time_ms / 1000, UTC) for click in clicks]


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_pages_have_every_click_once_the_newest_first(
    reports: Reports, ages: list[timedelta], size: int
) -> None:
    pages = [
        found(reports, Wanted(None, NOW), size, start, len(ages))
        for start in range(0, len(ages), size)
    ]
    assert [age for page in pages for age in page] == ages
    assert found(reports, Wanted(None, NOW), size, len(ages), len(ages)) == []


def test_clicks_are_those_that_are_wanted(reports: Reports, ages: list[timedelta]) -> None:
    assert found(reports, Wanted(["a"], NOW), 99, 0, 5) == ages[::2]
    assert found(reports, Wanted(["a", "b"], NOW), 99, 0, 10) == ages
    assert found(reports, Wanted([], NOW), 99, 0, 10) == []
    people = [age for n, age in enumerate(ages) if n % 3 != 2]
    assert found(reports, Wanted(None, NOW, is_of_people=True), 99, 0, 7) == people
    bounded = Wanted(None, NOW - timedelta(minutes=1), NOW - timedelta(days=30))
    assert found(reports, bounded, 99, 0, 6) == ages[2:8]


def test_a_click_that_is_gone_meanwhile_is_no_failure(
    reports: Reports, ages: list[timedelta]
) -> None:
    assert found(reports, Wanted(None, NOW), 99, 0, len(ages) + 5) == ages


def test_a_click_is_shown_as_it_came_also_in_broken_bytes(
    reports: Reports, migrated_url: str
) -> None:
    insert_clicks(
        migrated_url, click_row(NOW, user_agent=b"a\xff", referrer="https://a.example/", region="x")
    )
    [click] = newest_clicks(
        reports, Wanted(None, NOW + timedelta(seconds=1)), most=1, skipped=0, there=1
    )
    assert click == Seen(
        time_ms=int(NOW.timestamp() * 1000),
        code="abc",
        referrer="https://a.example/",
        user_agent="a\N{REPLACEMENT CHARACTER}",
        host="go.example",
        target="https://example.com/",
        country="DE",
        region="x",
        city="",
        is_bot=False,
    )
