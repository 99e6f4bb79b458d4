"""Division of the time that a plan asks about: UTC days that sums answer, and days read raw.

Rule 1: a day is answered by its sums or by its rows, all panels alike, so that they add up.
Rule 2: a part of a day has visitors by sums where it is the beginning or the end of the day, or an
        hour: sums know whose first or last click of the day, or first of the hour, a quarter has.
Rule 3: rows of a frozen day may be gone. It is answered by sums wherever they can, and the values
        of a breakdown that they don't know are among its others.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby, pairwise

from app.reports.conditions import milliseconds
from app.reports.filters import Dimension
from app.reports.period import Period
from app.reports.plan import Plan
from app.reports.sums.kinds import kinds_kept
from app.reports.sums.leading import LEAST_CLICKS, may_lead
from app.sums.computation import DIMENSIONS, HOURLY
from app.times import EPOCH

DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_QUARTER_MS = 900_000

#: What sums break down by; of links by name, their totals tell what ``link`` does.
SUMMED = frozenset((*DIMENSIONS, "link"))
#: Fewer clicks are read as fast as sums of them.
SMALL_CLICKS = 20_000
#: Most stretches of days that a statement leaves out of the rows: each is looked up in the index.
MAX_RUNS = 50


@dataclass(frozen=True, slots=True)
class ScopeDay:
    """A closed UTC day whose sums are right, as the links have it that a plan is about.

    Attributes:
        clicks: of all the links.
        least_clicks: of the link that has the fewest, of those that have any.
        first_quarter: start of the first quarter of an hour with clicks, None where none has.
        is_frozen: whether its rows may be gone.
        has_leading: whether the links with the most clicks are kept apart.
        has_hours: whether there are breakdowns of all links by the hour.
    """

    day: date
    version: int
    clicks: int = 0
    least_clicks: int = 0
    first_quarter: datetime | None = None
    is_frozen: bool = False
    has_leading: bool = True
    has_hours: bool = True

    @property
    def number(self) -> int:
        """Days since 1 January 1970."""
        return day_number(self.day)


@dataclass(frozen=True, slots=True)
class Division:
    """Days by their numbers, each with the version of its sums.

    Attributes:
        totals: whose figures and timeline are of sums; no row of them is read.
        values: those of them whose breakdowns are, too; those of the others nobody knows any more.
        hours: other days of ``totals``, whose breakdowns are of the hours of their beginnings.
        is_led: whether their leading links may tell which of all links are shown.
    """

    totals: Mapping[int, int] = field(default_factory=dict)
    values: Mapping[int, int] = field(default_factory=dict)
    is_led: bool = False
    hours: Mapping[int, int] = field(default_factory=dict)

    def without_hours(self) -> "Division":
        """Return the same with days read raw whose breakdowns would be of hours."""
        totals = {day: self.totals[day] for day in self.totals.keys() - self.hours.keys()}
        return replace(self, totals=totals, hours={})

    @property
    def through(self) -> date | None:
        """The last day whose figures are of sums, None where none is."""
        return date.fromordinal(EPOCH.toordinal() + max(self.totals)) if self.totals else None

    def leaves_rows(self, plan: Plan) -> bool:
        """Tell whether a plan asks about more than these days."""
        return any(
            period.since is None
            or period.until is None
            or any(day not in self.totals for day in _days(period.since, period.until))
            for period in plan.periods
        )

    def days_raw(self, plan: Plan, now: datetime) -> int:
        """Return how many days of a plan's time, up to now, are read raw."""
        end = min(plan.period.until or now, now)
        asked = set(_days(max(plan.period.since or plan.starts[0], plan.starts[0]), end))
        if plan.before and plan.before.since and plan.before.until:
            asked.update(_days(plan.before.since, plan.before.until))
        return len(asked - self.totals.keys())


def may_divide(plan: Plan) -> bool:
    """Tell whether sums can answer a plan at all: its filter, and visitors of its links."""
    # Who followed two links is one visitor, which the sums of each don't tell.
    is_additive = plan.codes is None or len(plan.codes) == 1 or not _has_visitors(plan)
    # In the sums, what has no code is all links.
    is_named = plan.codes is None or "" not in plan.codes
    return is_additive and is_named and kinds_kept(plan.query.filter) is not None


def divide(plan: Plan, days: Sequence[ScopeDay], hot_clicks: int) -> Division:
    """Decide which days are answered by sums.

    Args:
        days: of which there are sums.
        hot_clicks: that a link needs on a day for its breakdowns to be summed.
    """
    if not may_divide(plan):
        return Division()
    of_figures = [each for each in days if _has_figures(plan, each.number)]
    of_values = {each.day for each in of_figures if _has_values(plan, each, hot_clicks)}
    of_hours = {each.day for each in of_figures if _has_hours(plan, each)} - of_values
    kept = [each for each in of_figures if each.is_frozen or each.day in of_values | of_hours]
    if sum(each.clicks for each in kept) < SMALL_CLICKS:
        kept = [each for each in kept if each.is_frozen]
    chosen = [each for run in _largest(kept) for each in run]
    valued_days = [each for each in chosen if each.day in of_values]
    division = Division(
        {each.number: each.version for each in chosen},
        {each.number: each.version for each in valued_days},
        may_lead(plan) and _are_led(valued_days),
        {each.number: each.version for each in chosen if each.day in of_hours},
    )
    # Of the hours of links those of all would have to be added up.
    return division if division.is_led or "link" not in plan.query.by else division.without_hours()


def unseen(period: Period, days: Sequence[ScopeDay]) -> list[int]:
    """Return the days between the first and the last of a period on which links have clicks.

    Args:
        days: of which there are sums, not only in the period.
    """
    whole = [
        each for each in days if _bounds(period, each.number) == _bounds(Period(), each.number)
    ]
    clicked = [each.number for each in whole if each.clicks]
    ends = {min(clicked), max(clicked)} if clicked else set()
    kept = _largest([each for each in whole if each.number not in ends])
    return [each.number for run in kept for each in run]


def day_number(day: date) -> int:
    """Return the days from 1 January 1970 to a day."""
    return day.toordinal() - EPOCH.toordinal()


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return stretches of days, each by the number of its first and of the one behind its last."""
    return [(run[0], run[-1] + 1) for run in _stretches(numbers)]


def valued(plan: Plan) -> dict[str, Dimension]:
    """Return those columns of values that the totals of links don't tell, and what they are of."""
    is_any_link = plan.codes is None and not plan.is_led
    return {key: by for key, by in plan.values.items() if by != "link" or is_any_link}


def _are_led(days: Sequence[ScopeDay]) -> bool:
    is_worth_it = sum(each.clicks for each in days) >= LEAST_CLICKS
    return is_worth_it and all(each.has_leading for each in days)


def _has_figures(plan: Plan, day: int) -> bool:
    """Tell whether sums know the totals and the timeline of a day that a plan asks about."""
    parts = [(plan.period, plan.starts)]
    parts += [(plan.before, plan.starts_before)] if plan.before else []
    asked = [(period, starts) for period, starts in parts if _length_ms(period, day)]
    return bool(asked) and all(_is_known(plan, day, *each) for each in asked)


def _is_known(plan: Plan, day: int, period: Period, starts: Sequence[datetime]) -> bool:
    """Tell whether sums know the part of a day that is in a period, and each that a bucket has."""
    since, until = _bounds(period, day)
    segments = _segments(since, until, starts)
    if any(time % _QUARTER_MS for segment in segments for time in segment):
        return False
    if not _has_visitors(plan):
        return True
    ends = day * DAY_MS, (day + 1) * DAY_MS
    is_end = [start == ends[0] or end == ends[1] for start, end in ((since, until), *segments)]
    if plan.interval != "hour":
        return all(is_end)
    return is_end[0] and all(
        start % _HOUR_MS == 0 and end - start == _HOUR_MS for start, end in segments
    )


def _segments(since: int, until: int, starts: Sequence[datetime]) -> list[tuple[int, int]]:
    """Return into what a timeline cuts a part of a day; no click is before its first bucket."""
    first = bisect_right(starts, since, key=milliseconds)
    end = bisect_left(starts, until, key=milliseconds)
    # Buckets that have no length begin at once.
    cuts = dict.fromkeys(map(milliseconds, starts[first:end]))
    return list(pairwise((*((since,) if first else ()), *cuts, until)))


def _bounds(period: Period, day: int) -> tuple[int, int]:
    """Return the part of a day that is in a period, in milliseconds."""
    start, end = day * DAY_MS, (day + 1) * DAY_MS
    return (
        start if period.since is None else max(start, milliseconds(period.since)),
        end if period.until is None else min(end, milliseconds(period.until)),
    )


def _length_ms(period: Period, day: int) -> int:
    since, until = _bounds(period, day)
    return max(0, until - since)


def _has_values(plan: Plan, day: ScopeDay, hot_clicks: int) -> bool:
    """Tell whether sums know the breakdowns of a day whose figures they know."""
    columns = valued(plan)
    if plan.has_bot_visitors and len(columns) < len(plan.values):
        return False
    if not columns:
        return True
    is_hot = plan.codes is None or not day.clicks or day.least_clicks >= hot_clicks
    return is_hot and set(columns.values()) <= SUMMED and _is_whole(plan, day.number)


def _has_hours(plan: Plan, day: ScopeDay) -> bool:
    """Tell whether breakdowns of a day that is cut off at its end are of its first hours.

    That is the last day of what is compared with a period which still runs.
    """
    if plan.codes is not None or plan.before is None or _length_ms(plan.period, day.number):
        return False
    since, until = _bounds(plan.before, day.number)
    is_known = since == day.number * DAY_MS and until % _HOUR_MS == 0
    is_kept = day.has_hours and not day.is_frozen
    return is_known and is_kept and {*valued(plan).values()} <= {*HOURLY, "link"}


def _is_whole(plan: Plan, day: int) -> bool:
    """Tell whether each period has all of a day, or nothing."""
    return all(_length_ms(each, day) in (0, DAY_MS) for each in plan.periods)


def _largest(days: Sequence[ScopeDay]) -> list[list[ScopeDay]]:
    """Return as many stretches of days as a statement may name, those with the most clicks."""
    by_number = {each.number: each for each in days}
    found = [[by_number[day] for day in run] for run in _stretches(by_number)]

    def weight(run: list[ScopeDay]) -> tuple[bool, int]:
        return any(each.is_frozen for each in run), sum(each.clicks for each in run)

    return sorted(found, key=weight, reverse=True)[:MAX_RUNS]


def _stretches(numbers: Iterable[int]) -> list[list[int]]:
    """Return days that follow each other, together."""
    places = enumerate(sorted(numbers))
    return [
        [day for _, day in found]
        for _, found in groupby(places, key=lambda place: place[1] - place[0])
    ]


def _days(since: datetime, until: datetime) -> range:
    """Return the days that a time touches."""
    return range(milliseconds(since) // DAY_MS, (milliseconds(until) - 1) // DAY_MS + 1)


def _has_visitors(plan: Plan) -> bool:
    return "visitors" in plan.query.metrics
