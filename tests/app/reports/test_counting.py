"""Every report equals a plain count in Python, whatever came twice, late or enriched anew."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports.query import BadQuery, Query
from app.reports.reading.reader import Reports
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from tests.support.clicks import click_row, insert_clicks
from tests.support.plain_count import COLUMNS as ALL_COLUMNS
from tests.support.plain_count import Row, check_answer, check_filter
from tests.support.queries import ZONES, filters

NAMES = ["", "DE", "de", "Ab"]
_NAMES = ("country", "browser", "referrer", "bot", "verdict")
COLUMNS = {name: ALL_COLUMNS[name] for name in _NAMES}
#: Clocks are changed in Berlin and New York, on Chatham and on Lord Howe within days of these.
AROUND = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC)]
AROUND += [datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]
MILLISECOND = timedelta(milliseconds=1)

#: Clicks of the year before are what `year` compares with.
_AGES = st.sampled_from([timedelta(), timedelta(), timedelta(days=365)])
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
        for row in draw(_versions(code, center + timedelta(minutes=moment) - draw(_AGES)))
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
    migrate(url, timeout_seconds=60, ttl_days=0)
    with connect(url, timeout_seconds=30) as client:
        client.execute("SYSTEM STOP MERGES clicks")
    with Reports(url, timeout_seconds=30) as reports:
        yield reports, url
    with connect(url, timeout_seconds=60, database="default") as client:
        client.execute("DROP DATABASE counting SYNC")


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(clicks())
def test_a_report_equals_a_plain_count(reports: tuple[Reports, str], given_: Clicks) -> None:
    asked, url = reports
    for block in given_.blocks:
        insert_clicks(url, *block)
    query = given_.query
    if query.compare and query.since and query.since >= given_.now:
        with pytest.raises(BadQuery, match="yet to come"):
            asked.ask(query, given_.now)
        return
    answer = asked.ask(query, given_.now)
    check_answer(answer, given_.newest())
    if query.filter:
        check_filter(answer, asked.ask(replace(query, filter=None), given_.now))
