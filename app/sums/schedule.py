"""Schedule that decides which days' sums are made next, and which are given up; without any I/O."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from app.sums.days import State, SummedDay

#: How long after its end a day is begun: inserts that began before it was over mark nothing.
CLOSED_AFTER = timedelta(minutes=10)
#: Of a day whose clicks keep changing: shortest and longest time between two computations.
_LEAST_REST, _MOST_REST = timedelta(minutes=15), timedelta(hours=6)
#: A day is frozen so long before the first of its clicks is forgotten.
_FROZEN_BEFORE = timedelta(days=1)
_DAY = timedelta(days=1)
_FIRST = date(1970, 1, 2)
#: Last that a sum's time can be of.
_LAST = date(2105, 12, 31)


class Times(NamedTuple):
    """What decides about days: the present, and how long clicks and sums are kept.

    Attributes:
        settle: how far a mark and its clicks may be apart.
        click_ttl_days: 0 for ever; sums_ttl_days: the same of the sums.
    """

    now: datetime
    settle: timedelta
    click_ttl_days: int = 0
    sums_ttl_days: int = 0

    def is_closed(self, day: date) -> bool:
        """Tell whether a day is over, and has been for long enough."""
        return _end(day) + CLOSED_AFTER <= self.now

    def is_leaving(self, day: date) -> bool:
        """Tell whether clicks of a day are gone, or will be soon."""
        kept = timedelta(days=self.click_ttl_days)
        return bool(kept) and _end(day) - _DAY + kept - _FROZEN_BEFORE <= self.now

    def is_outlived(self, day: date) -> bool:
        """Tell whether a day is older than its sums may get."""
        kept = timedelta(days=self.sums_ttl_days)
        return bool(kept) and _end(day) + kept <= self.now


def waiting_days(
    spans: Iterable[tuple[date, date]], known: Iterable[SummedDay], times: Times
) -> list[date]:
    """Return the closed days whose clicks have no sums that hold, newest first.

    Args:
        spans: first and last day of some clicks, between which there may be more.
        known: days that have sums, or were marked.
    """
    summed = {one.day: one for one in known}
    days = {day for span in spans for day in _days(*span)} | summed.keys()
    return sorted(
        (
            day
            for day in days
            if _FIRST <= day <= _LAST
            and times.is_closed(day)
            and not (times.is_leaving(day) or times.is_outlived(day))
            and not (day in summed and summed[day].is_clean)
        ),
        reverse=True,
    )


def due_days(waiting: Sequence[date], known: Iterable[SummedDay], times: Times) -> list[date]:
    """Return which of the waiting days can be computed now: marks have settled, and it has rested.

    A day that is marked again and again is computed at growing intervals.
    """
    summed = {one.day: one for one in known}
    return [day for day in waiting if day not in summed or _is_due(summed[day], times)]


def leaving_days(known: Iterable[SummedDay], times: Times) -> list[SummedDay]:
    """Return the days that have to be frozen."""
    return [
        one
        for one in known
        if one.version and one.state is State.PUBLISHED and times.is_leaving(one.day)
    ]


def _is_due(one: SummedDay, times: Times) -> bool:
    if one.marked_at + times.settle >= times.now:
        return False
    if not one.version:
        return True
    since_end = one.published_at - _end(one.day)
    rest = min(max(since_end, _LEAST_REST), _MOST_REST)
    return one.published_at + rest <= times.now


def _days(first: date, last: date) -> Iterable[date]:
    first, last = max(first, _FIRST), min(last, _LAST)
    return (first + number * _DAY for number in range((last - first).days + 1))


def _end(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + _DAY
