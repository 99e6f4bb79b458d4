"""Every report equals a plain count in Python, whatever came twice, late or enriched anew."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports.answer import Answer, Breakdown, Figures
from app.reports.filters import Condition, Every, Filter, Not, Some
from app.reports.query import Query
from app.reports.reader import Reports
from app.reports.timeline import starts
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from tests.support.clicks import click_row, insert_clicks
from tests.support.queries import ZONES, filters

Row = dict[str, Any]

NAMES = ["", "DE", "de", "Ab"]
COLUMNS = {"country": "country", "browser": "browser", "referrer": "referrer_host", "bot": "bot"}
#: Clocks are changed in Berlin and New York, on Chatham and on Lord Howe within days of these.
AROUND = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC)]
AROUND += [datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]
MILLISECOND = timedelta(milliseconds=1)

_codes = (f"code{number}" for number in itertools.count())


@dataclass(frozen=True)
class Clicks:
    """Blocks of rows as they are inserted, in some order, and what is asked about them."""

    blocks: list[list[Row]]
    query: Query
    now: datetime

    def newest(self) -> list[Row]:
        """Return the newest row of each click."""
        found: dict[bytes, Row] = {}
        for row in itertools.chain(*self.blocks):
            known = found.setdefault(row["click_id"], row)
            if row["enriched_at"] > known["enriched_at"]:
                found[row["click_id"]] = row
        return list(found.values())


@st.composite
def clicks(draw: st.DrawFn) -> Clicks:
    center, code = draw(st.sampled_from(AROUND)), next(_codes)
    minutes = st.integers(-12 * 24 * 60, 12 * 24 * 60)
    moments = draw(st.lists(minutes, max_size=12))
    rows = [
        row
        for moment in moments
        for row in draw(_versions(code, center + timedelta(minutes=moment)))
    ]
    rows += draw(st.lists(st.sampled_from(rows), max_size=4)) if rows else []
    shuffled = draw(st.permutations(rows))
    cut = draw(st.integers(0, len(shuffled)))
    zone = ZoneInfo(draw(ZONES))
    since = _midnight(center - timedelta(days=draw(st.integers(-3, 10))), zone)
    until = _midnight(since + timedelta(days=draw(st.integers(2, 9))), zone)
    now = draw(st.sampled_from([center + timedelta(days=30), until - timedelta(hours=30)]))
    query = draw(_queries(code, zone, max(since, datetime(2026, 1, 1, tzinfo=UTC)), until))
    return Clicks([block for block in (shuffled[:cut], shuffled[cut:]) if block], query, now)


@st.composite
def _versions(draw: st.DrawFn, code: str, time: datetime) -> list[Row]:
    """Return a click as it was enriched once or more often."""
    time += draw(st.sampled_from([timedelta(), MILLISECOND, timedelta(seconds=59)]))
    row = click_row(time, short_code=code)
    found = []
    for age in range(draw(st.integers(1, 3))):
        is_bot = draw(st.booleans())
        values = {name: draw(st.sampled_from(NAMES)) for name in COLUMNS.values()}
        visitor = {"visitor_id": draw(st.integers(0, 3))}
        enriched = {"is_bot": is_bot, "enriched_at": time + timedelta(minutes=age)}
        found.append(row | values | enriched | visitor)
    return found


@st.composite
def _queries(draw: st.DrawFn, code: str, zone: ZoneInfo, since: datetime, until: datetime) -> Query:
    compare = draw(st.none() | st.sampled_from(["previous", "weekday", "year"]))
    orders = ["humans", "clicks", "bots", "visitors", "name"]
    has_start = compare is not None or draw(st.booleans())
    values = st.lists(st.sampled_from(["", "D", "de", "AB", "DE"]), min_size=1, max_size=2)
    return Query(
        codes=(code,),
        since=since if has_start else None,
        until=until if draw(st.booleans()) else None,
        tz=zone.key,
        week=draw(st.sampled_from(["monday", "sunday"])),
        compare=compare,
        interval=draw(st.sampled_from(["hour", "day", "week", "month", None])),
        by=tuple(draw(st.lists(st.sampled_from(list(COLUMNS)), max_size=3, unique=True))),
        filter=draw(st.none() | filters(values.map(tuple), ("country", "browser", "bot", "kind"))),
        order=draw(st.sampled_from([*orders, "rise", "fall"] if compare else orders)),
        limit=draw(st.integers(1, 4)),
    )


def _midnight(time: datetime, zone: ZoneInfo) -> datetime:
    return time.astimezone(zone).replace(hour=0, minute=0, second=0).astimezone(UTC)


@pytest.fixture(scope="module")
def reports(shared_clickhouse) -> Iterator[tuple[Reports, str]]:
    """Reports on a table whose parts are never merged, so that all that came twice is in it."""
    url = shared_clickhouse.url("counting")
    migrate(url, timeout_seconds=10, ttl_days=0)
    with connect(url, timeout_seconds=30) as client:
        client.execute("SYSTEM STOP MERGES clicks")
    with Reports(url, timeout_seconds=30) as reports:
        yield reports, url
    with connect(url, timeout_seconds=10, database="default") as client:
        client.execute("DROP DATABASE counting SYNC")


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(clicks())
def test_a_report_equals_a_plain_count(reports: tuple[Reports, str], given_: Clicks) -> None:
    asked, url = reports
    for block in given_.blocks:
        insert_clicks(url, *block)
    query, rows = given_.query, given_.newest()
    answer = asked.ask(query, given_.now)
    kept = [row for row in rows if matches(query.filter, row)]
    current = within(kept, answer.period.since, answer.period.until)
    assert answer.figures == count(current)
    check_timeline(answer, current, given_.now)
    before: list[Row] = []
    if answer.period_before:
        before = within(kept, answer.period_before.since, answer.period_before.until)
        check_comparison(answer, before)
    for breakdown in answer.breakdowns:
        check_breakdown(answer, breakdown, current, before)
    if query.filter:
        check_filter(answer, asked.ask(replace(query, filter=None), given_.now))


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
    return Figures(len(people), len(set(people)), len(rows) - len(people))


def named_by(query: Query, interval: str) -> Callable[[datetime], object]:
    """Return what a zone's clock and calendar call the bucket of a moment."""

    def name(time: datetime) -> object:
        local = time.astimezone(query.zone)
        if interval == "hour":
            return local.date(), local.hour, local.utcoffset()
        if interval == "week":
            weekday = local.isoweekday() % 7 if query.week == "sunday" else local.weekday()
            return local.date() - timedelta(days=weekday)
        return local.date() if interval == "day" else (local.year, local.month)

    return name


def check_timeline(answer: Answer, rows: list[Row], now: datetime) -> None:
    name = named_by(answer.query, answer.interval)
    expected: dict[object, list[Row]] = {name(bucket.start): [] for bucket in answer.timeline}
    assert len(expected) == len(answer.timeline)
    for row in rows:
        expected[name(row["time"])].append(row)
    assert [bucket.figures for bucket in answer.timeline] == list(map(count, expected.values()))
    first, last = answer.timeline[0].start, answer.timeline[-1].start
    zone, week = answer.query.zone, answer.query.week
    every = list(starts(first, last, answer.interval, zone, week))
    assert [bucket.start for bucket in answer.timeline] == every
    if answer.query.since:
        assert name(first) == name(answer.query.since)


def check_comparison(answer: Answer, rows: list[Row]) -> None:
    assert answer.before == count(rows)
    assert answer.period_before
    assert answer.period_before.since
    assert answer.period.since
    others = [bucket.before for bucket in answer.timeline]
    assert sum(other.clicks for other in others if other) == answer.before.clicks
    if answer.interval == "day" and answer.query.compare != "year":
        zone = answer.query.zone
        apart = (
            answer.period.since.astimezone(zone).date()
            - answer.period_before.since.astimezone(zone).date()
        )
        by_date = Counter(row["time"].astimezone(zone).date() + apart for row in rows)
        dates = [bucket.start.astimezone(zone).date() for bucket in answer.timeline]
        assert [by_date[date] for date in dates] == [other.clicks for other in others if other]


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
    people = {
        share.name: count([row for row in rows if row[column] == share.name]).visitors
        for share in breakdown.top
    }
    change = {name: counts[name] - counts_before[name] for name in {**counts, **counts_before}}
    orders: dict[str, Callable[[str], Any]] = {
        "rise": lambda name: -change[name],
        "fall": lambda name: change[name],
        "name": lambda _: 0,
        "visitors": lambda name: -people.get(name, 0),
    }
    if query.order == "visitors":
        found = [people[share.name] for share in breakdown.top]
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
        if breakdown.counted != "bots":
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
