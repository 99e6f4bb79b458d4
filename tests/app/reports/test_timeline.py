from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.stats import Bucket, Figures, Interval
from app.reports.timeline import (
    MAX_BUCKETS,
    TooManyBuckets,
    choose_interval,
    fill,
    start_of,
    starts,
)

NOON = datetime(2026, 5, 10, 12, 34, 56, 789, tzinfo=UTC)
INTERVALS: list[Interval] = ["hour", "day", "month"]
TIMES = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("span", "interval"),
    [
        (timedelta(0), "hour"),
        (timedelta(hours=36), "hour"),
        (timedelta(hours=37), "day"),
        (timedelta(days=62), "day"),
        (timedelta(days=63), "month"),
        (timedelta(days=36500), "month"),
    ],
)
def test_the_interval_suits_the_span(span: timedelta, interval: Interval) -> None:
    assert choose_interval(NOON - span, NOON) == interval


def test_a_bucket_starts_on_the_hour_the_day_or_the_month() -> None:
    assert start_of(NOON, "hour") == datetime(2026, 5, 10, 12, tzinfo=UTC)
    assert start_of(NOON, "day") == datetime(2026, 5, 10, tzinfo=UTC)
    assert start_of(NOON, "month") == datetime(2026, 5, 1, tzinfo=UTC)


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=80)), st.sampled_from(INTERVALS))
def test_starts_cover_a_span_without_gaps_or_repeats(
    first: datetime, length: timedelta, interval: Interval
) -> None:
    found = list(starts(first, first + length, interval))
    assert found[0] <= first
    assert found[-1] <= first + length
    assert found == sorted(set(found))
    assert all(start == start_of(start, interval) for start in found)
    moments = (first + length * tenth / 10 for tenth in range(11))
    assert {start_of(moment, interval) for moment in moments} <= set(found)


def test_too_long_a_span_for_its_interval_is_refused() -> None:
    assert len(list(starts(NOON - timedelta(days=MAX_BUCKETS), NOON, "day"))) == MAX_BUCKETS + 1
    with pytest.raises(TooManyBuckets, match="is more than 2000 rows"):
        list(starts(NOON - timedelta(days=MAX_BUCKETS + 1), NOON, "day"))


def test_filling_adds_zeros_and_drops_nothing() -> None:
    hours = [datetime(2026, 5, 10, hour, tzinfo=UTC) for hour in range(4)]
    given_ones = [Bucket(hours[3], Figures(3, 2, 1)), Bucket(hours[1], Figures(1, 1, 0))]
    assert fill(given_ones, hours[:3]) == (
        Bucket(hours[0], Figures()),
        given_ones[1],
        Bucket(hours[2], Figures()),
        given_ones[0],
    )
