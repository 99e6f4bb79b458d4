"""Which days are computed next, without a server."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.sums.days import REVISION, State, SummedDay
from app.sums.schedule import Times, due_days, waiting_days

DAY = date(2026, 5, 10)
END = datetime(2026, 5, 11, tzinfo=UTC)
SETTLE = timedelta(minutes=1)
DAYS = timedelta(days=2)


def marked(published_at: datetime, marked_at: datetime) -> SummedDay:
    settled = published_at - SETTLE
    return SummedDay(DAY, 1, State.PUBLISHED, settled, marked_at, 1, 1, published_at, REVISION)


@pytest.mark.parametrize(
    ("revision", "state", "is_clean"),
    [
        (REVISION, State.PUBLISHED, True),
        (REVISION + 1, State.PUBLISHED, True),
        (REVISION - 1, State.PUBLISHED, False),
        (REVISION - 1, State.FROZEN, True),
    ],
)
def test_a_day_that_lacks_a_dimension_waits_while_its_clicks_are_there(revision, state, is_clean):
    published_at = END + timedelta(hours=1)
    day = replace(marked(published_at, END - DAYS), revision=revision, state=state)
    assert day.is_clean == is_clean
    days = [] if is_clean else [DAY]
    times = Times(published_at + DAYS, SETTLE)
    assert waiting_days([(DAY, DAY)], [day], times) == days
    assert due_days(days, [day], times) == days


@pytest.mark.parametrize(("minutes", "days"), [(9, []), (10, [DAY])])
def test_a_day_is_closed_some_minutes_after_its_end(minutes, days):
    times = Times(END + timedelta(minutes=minutes), SETTLE)
    assert waiting_days([(DAY, DAY)], [], times) == days


@pytest.mark.parametrize(
    ("computed", "rest"),
    [
        (timedelta(minutes=10), timedelta(minutes=15)),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=30), timedelta(hours=6)),
    ],
)
def test_a_day_that_keeps_changing_rests_longer_each_time(computed, rest):
    known = [marked(END + computed, END + computed + SETTLE)]
    for late, due in ((-SETTLE, []), (timedelta(0), [DAY])):
        times = Times(END + computed + rest + late, SETTLE)
        assert due_days([DAY], known, times) == due


def test_days_of_times_that_sums_cannot_hold_are_left_out():
    times = Times(datetime(2200, 1, 1, tzinfo=UTC), SETTLE)
    spans = [(date(1900, 1, 1), date(1969, 12, 31)), (date(2150, 1, 1), date(2150, 2, 1))]
    assert waiting_days(spans, [], times) == []


@pytest.mark.parametrize(("days", "waits"), [(3, True), (2, False)])
def test_a_day_whose_clicks_will_be_forgotten_tomorrow_is_left_as_it_is(days, waits):
    times = Times(END + timedelta(hours=1), SETTLE, click_ttl_days=days)
    assert bool(waiting_days([(DAY, DAY)], [], times)) == waits
