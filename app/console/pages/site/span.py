"""Span of time that a page shows: what its address says of it, and the ways to earlier and later.

People mean by the last day of a span that day itself: ``since`` and ``to`` are its first and last.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.console.pages.site.address import Address
from app.reports.query import BadQuery, Comparison, Interval, read_name, read_zone

_DAY = timedelta(days=1)
DEFAULT_PERIOD = "30d"
#: Each with the key that chooses it, and what it is called.
PERIODS: dict[str, tuple[str, str]] = {
    "today": ("d", "Today"),
    "yesterday": ("e", "Yesterday"),
    "24h": ("h", "Last 24 hours"),
    "7d": ("w", "Last 7 days"),
    "30d": ("t", "Last 30 days"),
    "90d": ("q", "Last 90 days"),
    "month": ("m", "This month"),
    "year": ("y", "This year"),
    "all": ("a", "All time"),
}
COMPARISONS: dict[str, str] = {
    "previous": "the period before",
    "year": "a year ago",
    "weekday": "the same weekdays before",
    "none": "nothing",
}
INTERVALS: tuple[Interval, ...] = ("minute", "hour", "day", "week", "month")
#: Parameters of an address that say which time is shown, and how: they go along to other pages.
NAMES = ("period", "since", "to", "tz", "compare", "interval")
_DAYS = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
_WITHOUT_BOUNDS = ("all", "24h")


@dataclass(frozen=True, slots=True)
class Span:
    """What an address says of time.

    Attributes:
        period: one of :data:`PERIODS`, '' for days that were chosen.
        first, last: its days, None where it has none that are whole.
        tz: name of the time zone.
        compare: with what, None for nothing.
        interval: of the chart, None for what suits.
    """

    period: str
    first: date | None
    last: date | None
    today: date
    tz: str
    compare: Comparison | None
    interval: Interval | None

    @classmethod
    def read(cls, address: Address, now: datetime, tz: str = "UTC") -> "Span":
        """Return what an address says.

        Args:
            tz: where the address names no zone.

        Raises:
            BadQuery: it can't be; says which parameter is to blame.
        """
        zone = read_zone(address.first("tz", tz))
        today = now.astimezone(zone).date()
        chosen = address.first("since"), address.first("to")
        period = "" if any(chosen) else address.first("period", DEFAULT_PERIOD)
        if period:
            read_name("period", period, tuple(PERIODS))
            first, last = _days(period, today)
        else:
            last = _read_day("to", chosen[1] or str(today))
            first = _read_day("since", chosen[0] or str(last))
            if last < first:
                raise BadQuery("to", "the last day lies before the first")
        comparison = read_name("compare", address.first("compare", "previous"), tuple(COMPARISONS))
        interval = address.first("interval")
        return cls(
            period,
            first,
            last,
            today,
            zone.key,
            None if comparison == "none" or period == "all" else comparison,  # type: ignore[arg-type]
            read_name("interval", interval, INTERVALS) if interval else None,
        )

    @property
    def label(self) -> str:
        """What it is called."""
        if self.period:
            return PERIODS[self.period][1]
        first = f"{self.first:%-d %b %Y}"
        return first if self.last == self.first else f"{first} to {self.last:%-d %b %Y}"

    @property
    def fields(self) -> dict[str, Any]:
        """Fields of the query that asks about it."""
        common = {"tz": self.tz, "compare": self.compare, "interval": self.interval}
        if self.period in _DAYS or self.period in (*_WITHOUT_BOUNDS, "month"):
            return {**common, "period": self.period}
        zone = read_zone(self.tz)
        first, last = self.first or self.today, self.last or self.today
        since = datetime(first.year, first.month, first.day, tzinfo=zone)
        # Days of the wall's clock, of whatever length.
        end = last + _DAY
        until = datetime(end.year, end.month, end.day, tzinfo=zone)
        goes_on = last >= self.today
        return {
            **common,
            "since": since.astimezone(UTC),
            "until": None if goes_on else until.astimezone(UTC),
        }

    def earlier(self, address: Address) -> Address | None:
        """Return where the span before it is shown, None where there is none."""
        if self.first is None or self.last is None or self.first.year <= 1971:
            return None
        if self.period == "month" or self._is_whole_month:
            last = self.first - _DAY
            return _at(address, last.replace(day=1), last)
        length = self.last - self.first + _DAY
        return _at(address, self.first - length, self.first - _DAY)

    def later(self, address: Address) -> Address | None:
        """Return where the span after it is shown, None where that lies ahead."""
        if self.first is None or self.last is None or self.last >= self.today:
            return None
        first = self.last + _DAY
        last = _month_end(first) if self._is_whole_month else self.last + (first - self.first)
        return _at(address, first, min(last, self.today))

    @property
    def _is_whole_month(self) -> bool:
        first, last = self.first, self.last
        return bool(first and last and first.day == 1 and last == _month_end(first))


def _at(address: Address, first: date, last: date) -> Address:
    return address.with_(period=None, since=str(first), to=str(last))


def _month_end(first: date) -> date:
    return (first.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY


def _days(period: str, today: date) -> tuple[date | None, date | None]:
    """Return the first and the last day of a period that has such."""
    if period in _WITHOUT_BOUNDS:
        return None, None
    if period == "yesterday":
        return today - _DAY, today - _DAY
    if period == "month":
        return today.replace(day=1), today
    if period == "year":
        return today.replace(month=1, day=1), today
    return today - (_DAYS[period] - 1) * _DAY, today


def _read_day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadQuery(name, f"{text!r} is no day such as 2026-05-01") from None
    if not 1970 <= day.year <= 2200:
        raise BadQuery(name, f"{text} lies too far away")
    return day
