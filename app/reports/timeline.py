"""Timeline that divides a span into hours, days or months of UTC, without gaps."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from app.reports.stats import Bucket, Figures, Interval

#: More buckets than a person or a chart can use, and than a reply should carry.
MAX_BUCKETS = 2_000

_LONGEST: tuple[tuple[Interval, timedelta], ...] = (
    ("hour", timedelta(hours=36)),
    ("day", timedelta(days=62)),
)
_SHORTEST_STEP: dict[Interval, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "month": timedelta(days=28),
}


class TooManyBuckets(ValueError):
    """The span is too long for its interval; the text says what would do."""


def choose_interval(first: datetime, last: datetime) -> Interval:
    """Return the interval that divides a span into a readable number of buckets."""
    return next((name for name, longest in _LONGEST if last - first <= longest), "month")


def start_of(time: datetime, interval: Interval) -> datetime:
    """Return the start of the bucket that a UTC time falls into."""
    start = time.replace(minute=0, second=0, microsecond=0)
    if interval == "hour":
        return start
    return start.replace(hour=0) if interval == "day" else start.replace(day=1, hour=0)


def starts(first: datetime, last: datetime, interval: Interval) -> Iterator[datetime]:
    """Yield the starts of all buckets from the one of ``first`` to the one of ``last``.

    Raises:
        TooManyBuckets: there would be more than :data:`MAX_BUCKETS`.
    """
    if (last - first) / _SHORTEST_STEP[interval] > MAX_BUCKETS:
        raise TooManyBuckets(
            f"by {interval}, {first:%Y-%m-%d} to {last:%Y-%m-%d} is more than {MAX_BUCKETS} rows:"
            " take a longer interval or a shorter time"
        )
    start = start_of(first, interval)
    while start <= last:
        yield start
        start = _next(start, interval)


def fill(buckets: Iterable[Bucket], wanted: Iterable[datetime]) -> tuple[Bucket, ...]:
    """Return a bucket for every wanted start, of zeros where none is given; given ones all stay."""
    found = {bucket.start: bucket for bucket in buckets}
    for start in wanted:
        found.setdefault(start, Bucket(start, Figures()))
    return tuple(found[start] for start in sorted(found))


def _next(start: datetime, interval: Interval) -> datetime:
    if interval == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + _SHORTEST_STEP[interval]
