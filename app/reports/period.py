"""Period that a query asks about, and the earlier one that it is compared with.

Rule: a comparison moves each moment of the period by the same amount of the calendar: a day stays a
      day in a time zone that changes its clocks in between. Hours and minutes keep their lengths.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.reports.query import Comparison, Interval, Preset, Query

Move = Callable[[datetime], datetime]

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
#: Days of a preset, today among them.
_DAYS: dict[Preset, int] = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
_FINE: tuple[Interval, ...] = ("minute", "hour")


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when clicks count, in UTC.

    Attributes:
        since: first moment that counts, None for the first click.
        until: first moment that no longer counts, None for no end.
    """

    since: datetime | None = None
    until: datetime | None = None


def period_of(query: Query, now: datetime) -> Period:
    """Return the period of a query; that of a preset goes on until now and has no end."""
    if query.period == "all":
        return Period(query.since, query.until)
    if query.period == "24h":
        return Period(since=now - _DAY)
    today = now.astimezone(query.zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if query.period == "month":
        return Period(since=today.replace(day=1).astimezone(UTC))
    # Within one zone, Python adds days to the clock on the wall.
    first = today - (_DAYS[query.period] - 1) * _DAY
    return Period(since=first.astimezone(UTC))


def move_back(query: Query, since: datetime, end: datetime, interval: Interval) -> Move | None:
    """Return what moves a moment of a period to the one that it is compared with.

    Args:
        since: start of the period.
        end: its end, or now where it has none.
        interval: of the timeline.

    Returns:
        None where the query compares with nothing.
    """
    if query.compare is None:
        return None
    months, wall = _distance(query.compare, query, since, end)
    if interval not in _FINE:
        # Days of the calendar stand beside days of the calendar.
        wall = -(-wall // _DAY) * _DAY
        return lambda time: _on_the_wall(time, query.zone, months, wall)
    apart = since - _on_the_wall(since, query.zone, months, wall)
    if query.compare == "previous" and query.period in ("all", "24h"):
        apart = end - since
    return lambda time: time - apart


def _distance(
    comparison: Comparison, query: Query, since: datetime, end: datetime
) -> tuple[int, timedelta]:
    """Return by how many months, and by how much more of a clock on the wall, to go back."""
    if comparison == "year":
        return 12, timedelta()
    if comparison == "weekday":
        return 0, -((since - end) // _WEEK) * _WEEK
    if query.period == "month":
        return 1, timedelta()
    if query.period in _DAYS:
        return 0, _DAYS[query.period] * _DAY
    return 0, _wall(end, query.zone) - _wall(since, query.zone)


def _on_the_wall(time: datetime, zone: ZoneInfo, months: int, amount: timedelta) -> datetime:
    moved = _months_before(_wall(time, zone), months) - amount
    return moved.replace(tzinfo=zone).astimezone(UTC)


def _wall(time: datetime, zone: ZoneInfo) -> datetime:
    return time.astimezone(zone).replace(tzinfo=None)


def _months_before(time: datetime, months: int) -> datetime:
    """Return the same day of an earlier month, or the start of the next one where it is shorter."""
    year, month = divmod(time.year * 12 + time.month - 1 - months, 12)
    try:
        return time.replace(year=year, month=month + 1)
    except ValueError:
        return datetime(year, month + 2, 1)
