from datetime import UTC, datetime, timedelta

import pytest

from app.reports.period import Period, move_back, period_of
from app.reports.query import Comparison, Interval, Preset, Query

#: A Sunday.
NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("preset", "since"),
    [
        ("today", "2026-05-10T00:00+02:00"),
        ("24h", "2026-05-09T12:00Z"),
        ("7d", "2026-05-04T00:00+02:00"),
        ("30d", "2026-04-11T00:00+02:00"),
        # Clocks were changed in between.
        ("90d", "2026-02-10T00:00+01:00"),
        ("month", "2026-05-01T00:00+02:00"),
    ],
)
def test_a_preset_begins_with_a_day_of_its_zone(preset: Preset, since: str) -> None:
    query = Query(period=preset, tz="Europe/Berlin")
    assert period_of(query, NOW) == Period(since=at(since))


def test_a_period_of_ones_own_is_as_given() -> None:
    assert period_of(Query(since=NOW, until=NOW + DAY), NOW) == Period(NOW, NOW + DAY)
    assert period_of(Query(), NOW) == Period()


def moved(
    compare: Comparison, since: str, end: str, moment: str, interval: Interval = "day", **rest: str
) -> datetime:
    query = Query(since=at(since), compare=compare, tz=rest.get("tz", "UTC"))
    move = move_back(query, at(since), at(end), interval)
    assert move is not None
    return move(at(moment))


def test_nothing_is_compared_unless_asked() -> None:
    assert move_back(Query(since=NOW - DAY), NOW - DAY, NOW, "day") is None


@pytest.mark.parametrize(
    ("compare", "since", "end", "before"),
    [
        ("previous", "2026-05-03T00:00Z", "2026-05-10T00:00Z", "2026-04-26T00:00Z"),
        ("previous", "2026-05-03T00:00Z", "2026-05-03T12:30Z", "2026-05-02T00:00Z"),
        ("year", "2026-05-03T00:00Z", "2026-05-10T00:00Z", "2025-05-03T00:00Z"),
        # There is no 29 February in the year before: what would be on it has no length.
        ("year", "2028-02-29T00:00Z", "2028-03-01T00:00Z", "2027-03-01T00:00Z"),
        ("weekday", "2026-05-03T00:00Z", "2026-05-03T12:00Z", "2026-04-26T00:00Z"),
        ("weekday", "2026-05-03T00:00Z", "2026-05-10T00:00Z", "2026-04-26T00:00Z"),
        ("weekday", "2026-05-03T00:00Z", "2026-05-10T00:01Z", "2026-04-19T00:00Z"),
    ],
)
def test_a_period_is_compared_with_an_earlier_one(
    compare: Comparison, since: str, end: str, before: str
) -> None:
    assert moved(compare, since, end, since) == at(before)


def test_hours_are_compared_with_those_right_before() -> None:
    since, end = "2026-05-03T00:00Z", "2026-05-03T12:30Z"
    assert moved("previous", since, end, since, "hour") == at("2026-05-02T11:30Z")


def test_days_stay_days_where_clocks_were_changed() -> None:
    """The night to 29 March 2026 was an hour shorter in Berlin."""
    since, end = "2026-03-29T00:00+01:00", "2026-04-05T00:00+02:00"
    starts = ("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", end)
    before = ("2026-03-22T00:00+01:00", "2026-03-23T00:00+01:00", "2026-03-29T00:00+01:00")
    found = [moved("previous", since, end, start, tz="Europe/Berlin") for start in starts]
    assert found == [at(start) for start in before]


def test_hours_keep_their_length_where_clocks_were_changed() -> None:
    since, end = "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"
    for hour in range(24):
        start = (at(since) + hour * HOUR).isoformat()
        found = moved("weekday", since, end, start, "hour", tz="Europe/Berlin")
        assert found == at("2026-03-22T00:00+01:00") + hour * HOUR


def test_the_month_to_date_is_compared_with_as_much_of_the_month_before() -> None:
    query = Query(period="month", compare="previous")
    now = at("2026-03-31T12:00Z")
    move = move_back(query, at("2026-03-01T00:00Z"), now, "day")
    assert move is not None
    assert move(at("2026-03-01T00:00Z")) == at("2026-02-01T00:00Z")
    # What February lacks has no length.
    assert [move(at(f"2026-03-{day}T00:00Z")) for day in (28, 29, 30, 31)] == [
        at("2026-02-28T00:00Z"),
        *[at("2026-03-01T00:00Z")] * 3,
    ]
    assert move(now) == at("2026-03-01T00:00Z")


@pytest.mark.parametrize(
    ("preset", "before"),
    [
        ("today", "2026-05-09T00:00Z"),
        ("24h", "2026-05-08T12:00Z"),
        ("7d", "2026-04-27T00:00Z"),
        ("30d", "2026-03-12T00:00Z"),
    ],
)
def test_a_preset_that_still_runs_is_compared_with_whole_days_before(
    preset: Preset, before: str
) -> None:
    query = Query(period=preset, compare="previous")
    since = period_of(query, NOW).since
    assert since is not None
    move = move_back(query, since, NOW, "hour")
    assert move is not None
    assert move(since) == at(before)
