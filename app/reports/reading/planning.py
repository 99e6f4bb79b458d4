"""Planning that decides what an answer needs, asking ClickHouse what a query leaves open."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from app.reports.period import Period, move_back, period_of
from app.reports.plan import Plan
from app.reports.query import BadQuery, Query
from app.reports.reading.asking import Asking
from app.reports.reading.stored import Stored
from app.reports.statement.leading import compile_leading
from app.reports.sums.division import Division, ScopeDay, divide, may_divide
from app.reports.sums.leading import leading_links
from app.reports.timeline import choose_interval, starts
from app.sums.days import HOT_CLICKS

#: Of a period so long that still runs, an hour more or less of what it is compared with is nothing.
_LONG = timedelta(days=7)


def plan_of(
    asking: Asking,
    query: Query,
    now: datetime,
    codes: Sequence[str] | None,
    found: Stored,
) -> tuple[Plan, Division]:
    """Return what answers a query, and which days of it are answered by sums.

    Args:
        codes: of the links, None for all.
        found: what is stored.

    Raises:
        BadQuery: the timeline would be too long, or there is nothing to compare.
    """
    period = period_of(query, now)
    is_few, known = found.few is not None, None
    if period.since is None and not is_few:
        known = asking.scope_days(codes, period)
    clicked = _clicked(asking, codes, period, now, found, known or ())
    plan = _plan(query, codes, period, span(period, clicked, now), now)
    if is_few or not may_divide(plan):
        return plan, Division()
    if known is None:
        known = asking.scope_days(codes, _whole(plan))
    return plan, divide(plan, known, HOT_CLICKS)


def with_leading(asking: Asking, plan: Plan, division: Division) -> tuple[Plan, Division]:
    """Return a plan that knows which of all links it may show, where that is found out sooner.

    Who gets so many clicks in between that they would be shown is, the next time.
    """
    if not division.is_led:
        return plan, division
    [found] = asking.ask(compile_leading(plan, division))
    leading = leading_links(*found)
    return replace(plan, leading=leading), division if leading else division.without_hours()


def _clicked(
    asking: Asking,
    codes: Sequence[str] | None,
    period: Period,
    now: datetime,
    found: Stored,
    days: Sequence[ScopeDay],
) -> tuple[datetime, ...]:
    """Return the times of the first and the last click, none where neither need be known."""
    if found.few is not None and period.until is None:
        return found.few
    if period.since is None:
        # The first is looked for outside of summed days.
        return asking.clicked(codes, period, days)
    is_open = period.until is None or period.until > now
    if not is_open or found.newest is None or found.newest <= now:
        return ()
    # Of a clock that runs ahead; what comes before now is in the timeline anyway.
    return asking.clicked(codes, Period(max(now, period.since), period.until), ())


def span(period: Period, clicked: Sequence[datetime], now: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a timeline.

    Args:
        period: what was asked for; the timeline covers it, up to now.
        clicked: the first and last click in it, none where it need not be known.
        now: the present, which a timeline without an end leads to.
    """
    end = now if period.until is None else min(now, period.until - datetime.resolution)
    start = period.since or min((*clicked, end))
    return start, max((start, end, *clicked))


def _plan(
    query: Query,
    codes: Sequence[str] | None,
    period: Period,
    between: tuple[datetime, datetime],
    now: datetime,
) -> Plan:
    first, last = between
    interval = query.interval or choose_interval(first, last)
    found = tuple(starts(first, last, interval, query.zone, query.week))
    end = min(period.until or now, now)
    if period.since is None or (move := move_back(query, period.since, end, interval)) is None:
        return Plan(query, codes, period, interval, found)
    if end <= period.since:
        raise BadQuery("since", "is yet to come, so there is nothing to compare")
    is_running = period.until is None or period.until > now
    is_long = end - period.since >= _LONG
    end_before = _on_the_hour(move(end)) if is_running and is_long else move(end)
    before = Period(move(period.since), end_before)
    moved = (min(move(max(start, period.since)), end_before) for start in found)
    return Plan(query, codes, period, interval, found, before, tuple(accumulate(moved, max)))


def _on_the_hour(time: datetime) -> datetime:
    """Return the beginning of an hour (UTC), up to which sums of a day can be added up."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _whole(plan: Plan) -> Period:
    """Return the period from the first moment that a plan asks about to the last."""
    first = plan.before.since if plan.before else None
    sinces = [time for time in (plan.period.since, first) if time]
    return Period(min(sinces, default=None), plan.period.until)
