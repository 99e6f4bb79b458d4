"""Time that is left to be read, as sums don't answer it.

It is told as what it is and not as what it is not: of ``time >= a AND NOT (time >= a AND time <
b)`` ClickHouse doesn't see that no part with times from a to b has any of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from app.reports.period import Period
from app.reports.sums.division import runs
from app.times import EPOCH


def left(periods: Iterable[Period], days: Iterable[int]) -> list[Period]:
    """Return what is left of some periods without some days.

    Args:
        days: their numbers.
    """
    taken = [(_begin(first), _begin(end)) for first, end in runs(days)]
    return [each for period in periods for each in _without(period, taken)]


def _without(period: Period, taken: Sequence[tuple[datetime, datetime]]) -> Iterator[Period]:
    since, until = period.since, period.until
    for first, end in taken:
        if until is not None and first >= until:
            break
        if since is not None and end <= since:
            continue
        if since is None or since < first:
            yield Period(since, first)
        since = end
    if since is None or until is None or since < until:
        yield Period(since, until)


def _begin(day: int) -> datetime:
    return EPOCH + timedelta(days=day)
