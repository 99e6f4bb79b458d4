"""Links, and other values, have timelines of their own, which equal a plain count."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.reports.sums import division
from app.stores.clickhouse.connection import connect
from app.sums.computation import Computation
from tests.support.clicks import NOON, click_row, insert_clicks
from tests.support.plain_count import Row, within

DAY = timedelta(days=1)
CODES = ("few", "many", "none")


@pytest.fixture
def rows(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """Clicks of two links over nine days, some stored twice; the first five days have sums."""
    monkeypatch.setattr(division, "SMALL_CLICKS", 1)
    chance = random.Random(1)
    times = [NOON + timedelta(minutes=15 * chance.randrange(-48, 48 * 16)) for _ in range(300)]
    found = [
        click_row(
            time,
            short_code=chance.choices(CODES, [1, 9, 0])[0],
            is_bot=(is_bot := chance.random() < 0.3),
            verdict="bot" if is_bot else "person",
        )
        for time in times
    ]
    insert_clicks(migrated_url, *found)
    insert_clicks(migrated_url, *found[::7])
    with connect(migrated_url, timeout_seconds=30) as client:
        client.execute("TRUNCATE TABLE click_marks")
    for number in range(5):
        Computation(migrated_url, 30).compute((NOON + number * DAY).date())
    return found


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize("has_sums", [True, False])
def test_each_link_has_a_timeline_of_its_own(
    migrated_url: str, rows: list[Row], tz: str, has_sums: bool
) -> None:
    since = datetime(NOON.year, NOON.month, NOON.day, tzinfo=ZoneInfo(tz)).astimezone(UTC)
    until = since + 8 * DAY
    query = Query(
        codes=CODES,
        since=since,
        until=until,
        tz=tz,
        interval="day",
        by=("link",),
        metrics=("humans",),
    )
    with Reports(migrated_url, timeout_seconds=100, has_sums=has_sums) as reports:
        answer = reports.ask(query, NOON + 30 * DAY, has_timelines=True)
        plain = reports.ask(query, NOON + 30 * DAY)
    assert (answer.source.sums.days > 0) == has_sums
    assert (answer.timeline, answer.figures) == (plain.timeline, plain.figures)
    starts = [bucket.start for bucket in answer.timeline]
    people = [row for row in rows if not row["is_bot"]]
    timelines = {share.name: share.timeline for share in answer.breakdowns[0].top}
    assert timelines == {
        code: tuple(
            sum(row["short_code"] == code for row in within(people, start, end))
            for start, end in zip(starts, [*starts[1:], until], strict=True)
        )
        for code in ("few", "many")
    }
    for share, same in zip(answer.breakdowns[0].top, plain.breakdowns[0].top, strict=True):
        assert (share.clicks, same.timeline) == (sum(share.timeline), ())


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kathmandu"])
def test_each_class_has_a_timeline_of_all_its_clicks_though_sums_know_no_steps(
    migrated_url: str, rows: list[Row], tz: str
) -> None:
    since = datetime(NOON.year, NOON.month, NOON.day, tzinfo=ZoneInfo(tz)).astimezone(UTC)
    until = since + 8 * DAY
    query = Query(
        since=since,
        until=until,
        tz=tz,
        interval="day",
        by=("verdict",),
        metrics=("humans",),
        order="clicks",
    )
    with Reports(migrated_url, timeout_seconds=100) as reports:
        answer = reports.ask(query, NOON + 30 * DAY, has_timelines=True)
        plain = reports.ask(query, NOON + 30 * DAY)
    assert plain.source.sums.days > 0
    assert (answer.timeline, answer.figures) == (plain.timeline, plain.figures)
    starts = [bucket.start for bucket in answer.timeline]
    assert {share.name: share.timeline for share in answer.breakdowns[0].top} == {
        verdict: tuple(
            sum(row["verdict"] == verdict for row in within(rows, start, end))
            for start, end in zip(starts, [*starts[1:], until], strict=True)
        )
        for verdict in ("person", "bot")
    }
    for share, same in zip(answer.breakdowns[0].top, plain.breakdowns[0].top, strict=True):
        assert (share.clicks, same.clicks) == (sum(share.timeline), share.clicks)
