"""Timeline that divides a span into minutes, hours, days, weeks or months of a zone, without gaps.

Python alone decides where a bucket begins, and hands ClickHouse the moments: two databases of time
zones may differ, and a bucket that both compute would then be counted in two places.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.reports.query import BadQuery, Interval, Week

#: More buckets than a person or a chart can use, and than a reply should carry.
MAX_BUCKETS = 2_000

_LONGEST: tuple[tuple[Interval, timedelta], ...] = (
    ("hour", timedelta(hours=36)),
    ("day", timedelta(days=62)),
)
#: Days of a zone that changes its clocks are an hour or two shorter now and then.
_SHORTEST_STEP: dict[Interval, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=28),
}
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def choose_interval(first: datetime, last: datetime) -> Interval:
    """Return the interval that divides a span into a readable number of buckets."""
    return next((name for name, longest in _LONGEST if last - first <= longest), "month")


def start_of(time: datetime, interval: Interval, zone: ZoneInfo, week: Week) -> datetime:
    """Return the start of the bucket that a time falls into, in UTC."""
    if interval in ("minute", "hour"):
        return _floor(time, _SHORTEST_STEP[interval], zone)
    day = time.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if interval == "week":
        day -= ((day.weekday() + (week == "sunday")) % 7) * _DAY
    return (day.replace(day=1) if interval == "month" else day).astimezone(UTC)


def starts(
    first: datetime, last: datetime, interval: Interval, zone: ZoneInfo, week: Week
) -> Iterator[datetime]:
    """Yield the starts of all buckets from the one of ``first`` to the one of ``last``, in UTC.

    Raises:
        BadQuery: there would be more than :data:`MAX_BUCKETS`.
    """
    if (last - first) / _SHORTEST_STEP[interval] > MAX_BUCKETS:
        raise BadQuery(
            "interval",
            f"by {interval}, {first:%Y-%m-%d} to {last:%Y-%m-%d} is more than {MAX_BUCKETS} rows:"
            " take a longer interval or a shorter time",
        )
    start = start_of(first, interval, zone, week)
    while start <= last:
        yield start
        start = start_after(start, interval, zone)


def start_after(start: datetime, interval: Interval, zone: ZoneInfo) -> datetime:
    """Return the start of the bucket behind one, which is its end."""
    if interval in ("minute", "hour"):
        return _next(start, _SHORTEST_STEP[interval], zone)
    day = start.astimezone(zone).replace(fold=0)
    while True:
        if interval == "month":
            day = (day + timedelta(days=32)).replace(day=1)
        else:
            day += _SHORTEST_STEP[interval]
        # A zone that moved across the date line has left out a day.
        if (found := day.replace(hour=0, minute=0).astimezone(UTC)) > start:
            return found


def _floor(time: datetime, step: timedelta, zone: ZoneInfo) -> datetime:
    """Return when the clock on the wall last showed a whole hour or minute, or was changed."""
    offset = _offset(time, zone)
    wall = time.astimezone(UTC) + offset
    start = wall - (wall - datetime.min.replace(tzinfo=UTC)) % step - offset
    return start if _offset(start, zone) == offset else _change(start, time, zone)


def _next(start: datetime, step: timedelta, zone: ZoneInfo) -> datetime:
    """Return when the clock on the wall next shows a whole hour or minute, or is changed."""
    offset = _offset(start, zone)
    wall = start + offset
    end = wall - (wall - datetime.min.replace(tzinfo=UTC)) % step + step - offset
    is_changed = _offset(end - datetime.resolution, zone) != offset
    return _change(start, end, zone) if is_changed else end


def _offset(time: datetime, zone: ZoneInfo) -> timedelta:
    return time.astimezone(zone).utcoffset() or timedelta()


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the second at which clocks were changed between a whole one and a later moment."""
    offset = _offset(before, zone)
    seconds = bisect_left(
        range((after - before) // _SECOND + 1),
        1,
        key=lambda count: int(_offset(before + count * _SECOND, zone) != offset),
    )
    return before + seconds * _SECOND
