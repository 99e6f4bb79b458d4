from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.query import BadQuery, Interval
from app.reports.timeline import MAX_BUCKETS, choose_interval, start_of, starts

NOON = datetime(2026, 5, 10, 12, 34, 56, 789, tzinfo=UTC)
GREENWICH = ZoneInfo("UTC")
INTERVALS: list[Interval] = ["minute", "hour", "day", "week", "month"]
#: Just before the clocks of some of the zones were changed, or a day was left out.
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2024, 3, 30, 22, tzinfo=UTC),
    datetime(2024, 11, 3, 5, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
]
TIMES = st.one_of(
    st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
    st.builds(
        lambda change, before: change - before,
        st.sampled_from(CHANGES),
        st.timedeltas(timedelta(hours=-4), timedelta(hours=30)),
    ),
)
#: Whole, half and quarter hours, changes by half an hour, at midnight and across the date line.
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Havana",
        "Asia/Beirut",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Pacific/Apia",
        "Australia/Lord_Howe",
    ]
).map(ZoneInfo)


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


@pytest.mark.parametrize(
    ("interval", "start"),
    [
        ("minute", datetime(2026, 5, 10, 12, 34, tzinfo=UTC)),
        ("hour", datetime(2026, 5, 10, 12, tzinfo=UTC)),
        ("day", datetime(2026, 5, 10, tzinfo=UTC)),
        ("week", datetime(2026, 5, 4, tzinfo=UTC)),
        ("month", datetime(2026, 5, 1, tzinfo=UTC)),
    ],
)
def test_a_bucket_starts_on_what_it_is_named_after(interval: Interval, start: datetime) -> None:
    assert start_of(NOON, interval, GREENWICH, "monday") == start


def test_a_week_begins_on_the_day_that_is_said() -> None:
    sunday = datetime(2026, 5, 10, tzinfo=UTC)
    assert start_of(NOON, "week", GREENWICH, "sunday") == sunday
    assert start_of(sunday - timedelta(seconds=1), "week", GREENWICH, "sunday").day == 3


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Asia/Kathmandu", datetime(2026, 5, 9, 18, 15, tzinfo=UTC)),
        ("Pacific/Chatham", datetime(2026, 5, 10, 11, 15, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 5, 10, 4, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_of_its_zone(zone: str, start: datetime) -> None:
    assert start_of(NOON, "day", ZoneInfo(zone), "monday") == start


def test_a_day_on_which_clocks_change_is_shorter_or_longer() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    def hours(day: date) -> int:
        first = datetime(day.year, day.month, day.day, tzinfo=berlin)
        start, after = list(starts(first, first + timedelta(days=1), "day", berlin, "monday"))
        return (after - start) // timedelta(hours=1)

    days = (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25))
    assert [hours(day) for day in days] == [24, 23, 25]


@given(
    TIMES,
    st.timedeltas(timedelta(0), timedelta(hours=30)),
    st.sampled_from(INTERVALS),
    ZONES,
    st.sampled_from(["monday", "sunday"]),
    st.integers(1, 60),
)
def test_starts_cover_a_span_without_gaps_or_repeats(
    first: datetime, length: timedelta, interval: Interval, zone: ZoneInfo, week, times: int
) -> None:
    last = first + length * (1 if interval == "minute" else times)
    found = list(starts(first, last, interval, zone, week))
    assert found[0] <= first
    assert found[-1] <= last
    assert all(one < next_ for one, next_ in pairwise(found))
    assert all(start == start_of(start, interval, zone, week) for start in found)
    moments = (first + (last - first) * tenth / 10 for tenth in range(11))
    assert {start_of(moment, interval, zone, week) for moment in moments} <= set(found)


@given(TIMES, ZONES)
def test_hours_of_a_zone_show_one_hour_of_its_clock(first: datetime, zone: ZoneInfo) -> None:
    found = list(starts(first, first + timedelta(days=3), "hour", zone, "monday"))
    for start, end in pairwise(found):
        assert end - start <= timedelta(hours=1)
        shown = [time.astimezone(zone) for time in (start, end - timedelta(milliseconds=1))]
        assert shown[0].hour == shown[1].hour
        assert shown[0].utcoffset() == shown[1].utcoffset()


def test_too_long_a_span_for_its_interval_is_refused() -> None:
    def days(count: int) -> int:
        return len(list(starts(NOON - timedelta(days=count), NOON, "day", GREENWICH, "monday")))

    assert days(MAX_BUCKETS) == MAX_BUCKETS + 1
    with pytest.raises(BadQuery, match="is more than 2000 rows") as raised:
        days(MAX_BUCKETS + 1)
    assert raised.value.field == "interval"
