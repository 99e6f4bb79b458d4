"""Plain count of clicks in Python, which every report has to equal."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from app.reports.answer import Answer, Breakdown, Figures
from app.reports.filters import Condition, Every, Filter, Not, Some
from app.reports.query import Query
from app.reports.timeline import starts

Row = dict[str, Any]

#: Columns of those dimensions that are counted here.
COLUMNS = {
    "country": "country",
    "browser": "browser",
    "referrer": "referrer_host",
    "bot": "bot",
    "verdict": "verdict",
    "user_agent": "user_agent",
    "link": "short_code",
}


def check_answer(answer: Answer, rows: list[Row]) -> None:
    """Check all figures of an answer.

    Args:
        rows: the newest of each click, of the links that the query is about.
    """
    kept = [row for row in rows if matches(answer.query.filter, row)]
    current = within(kept, answer.period.since, answer.period.until)
    assert answer.figures == known(answer.query, count(current))
    check_timeline(answer, current)
    before: list[Row] = []
    if answer.period_before:
        before = within(kept, answer.period_before.since, answer.period_before.until)
        check_comparison(answer, before)
    for breakdown in answer.breakdowns:
        check_breakdown(answer, breakdown, current, before)


def check_filter(answer: Answer, unfiltered: Answer) -> None:
    assert all_at_most(answer.figures, unfiltered.figures)
    for one, other in zip(answer.timeline, unfiltered.timeline, strict=True):
        assert all_at_most(one.figures, other.figures)


def matches(wanted: Filter | None, row: Row) -> bool:
    match wanted:
        case None:
            return True
        case Condition(dimension, operator, values):
            kind = "bot" if row["is_bot"] else "person"
            value = kind if dimension == "kind" else row[COLUMNS[dimension]]
            if operator.endswith("="):
                found = value in values
            else:
                found = any(part.lower() in value.lower() for part in values)
            return found != operator.startswith("!")
        case Not(inner):
            return not matches(inner, row)
        case Every(several):
            return all(matches(each, row) for each in several)
        case Some(several):
            return any(matches(each, row) for each in several)


def within(rows: list[Row], since: datetime | None, until: datetime | None) -> list[Row]:
    return [
        row
        for row in rows
        if (since is None or row["time"] >= since) and (until is None or row["time"] < until)
    ]


def count(rows: list[Row]) -> Figures:
    people = [row["visitor_id"] for row in rows if not row["is_bot"]]
    # Clicks that are only counted are of nobody.
    return Figures(len(people), len(set(people) - {0}), len(rows) - len(people))


def known(query: Query, figures: Figures) -> Figures:
    """Return the figures that a query asks for."""
    return figures if "visitors" in query.metrics else replace(figures, visitors=0)


def named_by(query: Query, interval: str) -> Callable[[datetime], object]:
    """Return what a zone's clock and calendar call the bucket of a moment."""

    def name(time: datetime) -> object:
        local = time.astimezone(query.zone)
        if interval in ("hour", "minute"):
            minute = local.minute if interval == "minute" else 0
            return local.date(), local.hour, minute, local.utcoffset()
        if interval == "week":
            weekday = local.isoweekday() % 7 if query.week == "sunday" else local.weekday()
            return local.date() - timedelta(days=weekday)
        return local.date() if interval == "day" else (local.year, local.month)

    return name


def check_timeline(answer: Answer, rows: list[Row]) -> None:
    name = named_by(answer.query, answer.interval)
    expected: dict[object, list[Row]] = {name(bucket.start): [] for bucket in answer.timeline}
    assert len(expected) == len(answer.timeline)
    for row in rows:
        expected[name(row["time"])].append(row)
    figures = [known(answer.query, count(found)) for found in expected.values()]
    assert [bucket.figures for bucket in answer.timeline] == figures
    first, last = answer.timeline[0].start, answer.timeline[-1].start
    zone, week = answer.query.zone, answer.query.week
    every = list(starts(first, last, answer.interval, zone, week))
    assert [bucket.start for bucket in answer.timeline] == every
    if answer.query.since:
        assert name(first) == name(answer.query.since)


def check_comparison(answer: Answer, rows: list[Row]) -> None:
    assert answer.before == known(answer.query, count(rows))
    assert answer.period_before
    assert answer.period_before.since
    assert answer.period.since
    others = [bucket.before for bucket in answer.timeline]
    assert sum(other.clicks for other in others if other) == answer.before.clicks
    if answer.interval == "day":
        zone = answer.query.zone
        since, since_before = (
            period.since.astimezone(zone).date() for period in (answer.period, answer.period_before)
        )
        is_year = answer.query.compare == "year"

        def beside(day: date) -> date:
            return day.replace(year=day.year + 1) if is_year else day + (since - since_before)

        by_date = Counter(beside(row["time"].astimezone(zone).date()) for row in rows)
        days = [bucket.start.astimezone(zone).date() for bucket in answer.timeline]
        assert [by_date[day] for day in days] == [other.clicks for other in others if other]


def check_breakdown(
    answer: Answer, breakdown: Breakdown, rows: list[Row], before: list[Row]
) -> None:
    query, column = answer.query, COLUMNS[breakdown.by]
    counts, counts_before = (
        Counter(row[column] for row in part if is_counted(breakdown, row))
        for part in (rows, before)
    )
    total, total_before = counts.total(), counts_before.total()
    assert sum(share.clicks for share in breakdown.top) + breakdown.others == total
    is_of_bots = breakdown.counted == "bots"
    people = {
        share.name: len(
            {
                row["visitor_id"]
                for row in rows
                if row[column] == share.name and row["is_bot"] == is_of_bots and row["visitor_id"]
            }
        )
        for share in breakdown.top
    }
    change = {name: counts[name] - counts_before[name] for name in {**counts, **counts_before}}
    orders: dict[str, Callable[[str], Any]] = {
        "rise": lambda name: -change[name],
        "fall": lambda name: change[name],
        "name": lambda _: 0,
    }
    if query.order == "visitors":
        found = [0 if is_of_bots else people[share.name] for share in breakdown.top]
        assert found == sorted(found, reverse=True)
    else:
        rank = orders.get(query.order, lambda name: -counts[name])
        names = sorted(
            change if query.order in ("rise", "fall") else +counts,
            key=lambda name: (rank(name), name),
        )
        assert [share.name for share in breakdown.top] == names[: query.limit]
    for share in breakdown.top:
        assert share.clicks == counts[share.name]
        assert share.share == (share.clicks / total if total else 0)
        if "visitors" in query.metrics:
            assert share.visitors == people[share.name]
        if answer.before:
            assert share.clicks_before == counts_before[share.name]
    if breakdown.others_before is not None:
        known = sum(share.clicks_before or 0 for share in breakdown.top)
        assert known + breakdown.others_before == total_before


def is_counted(breakdown: Breakdown, row: Row) -> bool:
    return breakdown.counted == "clicks" or row["is_bot"] == (breakdown.counted == "bots")


def all_at_most(some: Figures, others: Figures) -> bool:
    return (
        some.humans <= others.humans
        and some.bots <= others.bots
        and some.visitors <= others.visitors
    )
