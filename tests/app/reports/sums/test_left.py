"""Time that is left is that of the periods which is in no day of sums."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.reports.period import Period
from app.reports.sums.left import left
from app.times import EPOCH

HOURS = 24 * 8


BOUNDS = st.none() | st.integers(0, HOURS).map(lambda hour: EPOCH + timedelta(hours=hour))
PERIODS = st.builds(Period, BOUNDS, BOUNDS)


def is_in(period: Period, hour: int) -> bool:
    time = EPOCH + timedelta(hours=hour)
    return (period.since is None or period.since <= time) and (
        period.until is None or time < period.until
    )


@given(st.lists(PERIODS, min_size=1, max_size=2), st.sets(st.integers(0, 7)))
def test_what_is_left_is_in_a_period_and_in_no_day(periods: list[Period], days: set[int]) -> None:
    found = left(periods, days)
    for hour in range(-24, HOURS + 24):
        is_wanted = any(is_in(each, hour) for each in periods) and hour // 24 not in days
        assert any(is_in(each, hour) for each in found) == is_wanted


def test_a_time_whose_beginning_is_of_sums_is_one_stretch() -> None:
    since, until = EPOCH + timedelta(hours=30), EPOCH + timedelta(hours=90)
    middle = EPOCH + timedelta(days=2)
    assert left([Period(since, until)], [1]) == [Period(middle, until)]
    assert left([Period(since, middle)], [1]) == []
