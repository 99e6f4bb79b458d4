"""Which days are computed next, without a server."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.sums.days import State, SummedDay
from app.sums.schedule import Times, due_days, waiting_days

DAY = date(2026, 5, 10)
END = datetime(2026, 5, 11, tzinfo=UTC)
SETTLE = timedelta(minutes=1)


def marked(published_at: datetime, marked_at: datetime) -> SummedDay:
    return SummedDay(DAY, 1, State.PUBLISHED, published_at - SETTLE, marked_at, 1, 1, published_at)


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
