"""Every report equals a plain count in Python through sums of days, without them, and with some."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports.answer import Answer, Figures
from app.reports.conditions import Statement
from app.reports.filters import Condition
from app.reports.query import BadQuery, Query
from app.reports.reading import planning
from app.reports.reading.asking import Asking
from app.reports.reading.reader import Reports
from app.reports.sums import division
from app.schema.migrations import migrate
from app.schema.sums import SUM_TABLES
from app.stores.clickhouse.connection import connect
from app.sums import computation, days
from app.sums.computation import Computation
from app.sums.days import HOT_CLICKS, State
from tests.support.clicks import NOON, click_row, insert_clicks
from tests.support.plain_count import Row, check_answer, check_filter
from tests.support.queries import ZONES, filters

NAMES = ["", "DE", "de", "Ab"]
#: Clocks are changed in Berlin, on Chatham and Lord Howe; in Berlin and New York.
SPANS = [(date(2026, 3, 26), date(2026, 4, 5)), (date(2026, 10, 24), date(2026, 11, 2))]
DAY = timedelta(days=1)
CODES = ["hot", "warm", "cold"]
DIMENSIONS = ["country", "browser", "referrer", "bot", "verdict", "link", "user_agent"]


#: At these times nine days of a zone begin and end.
MIDNIGHTS = datetime(2026, 3, 27), datetime(2026, 4, 5)
ZONE_NAMES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"]
ZONE_NAMES += ["Pacific/Chatham", "Australia/Lord_Howe"]
LATER = datetime(2026, 11, 30, tzinfo=UTC)
JANUARY, DECEMBER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC)


@dataclass
class World:
    """A table of clicks with the sums of its days, and the newest row of each click."""

    url: str
    rows: dict[bytes, Row] = field(default_factory=dict, repr=False)

    def insert(self, rows: list[Row]) -> None:
        """Insert blocks of clicks in any order, some of them twice, of some an older row last."""
        chance = random.Random(len(self.rows))
        older = [
            row | {"is_bot": True, "country": "old", "enriched_at": row["time"] - DAY}
            for row in chance.sample(rows, len(rows) // 4)
        ]
        blocks = [rows[::2], rows[1::2] + older[::2], older[1::2] + chance.sample(rows, 5)]
        for block in blocks:
            chance.shuffle(block)
            insert_clicks(self.url, *block)
        self.rows |= {row["click_id"]: row for row in rows}

    def erase(self, rows: list[Row]) -> None:
        with connect(self.url, timeout_seconds=60) as client:
            ids = [row["click_id"].hex() for row in rows]
            deleted = "DELETE FROM clicks WHERE hex(click_id) IN {ids:Array(String)}"
            client.execute(deleted, {"ids": [text.upper() for text in ids]})
        for row in rows:
            del self.rows[row["click_id"]]

    def compute(self) -> None:
        """Compute the sums of all days, as if nothing had been marked of late."""
        with connect(self.url, timeout_seconds=60) as client:
            client.execute("TRUNCATE TABLE click_marks")
        computing = Computation(self.url, 100)
        for first, last in SPANS:
            for number in range((last - first).days + 1):
                computing.compute(first + number * DAY)

    def of(self, query: Query) -> list[Row]:
        codes = query.codes or CODES
        return [row for row in self.rows.values() if row["short_code"] in codes]


def made_up(chance: random.Random, count: int) -> list[Row]:
    """Return clicks of the spans, of people whose ids change with the day."""
    found = []
    for _ in range(count):
        first, last = chance.choice(SPANS)
        second = chance.randrange((last - first).days * 86_400)
        second -= chance.choice([0, second % 900, second % 3600, second % 86_400])
        time = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(seconds=second)
        is_bot = chance.random() < 0.3
        values = {
            name: chance.choice(NAMES) for name in ("country", "browser", "referrer_host", "os")
        }
        found.append(
            click_row(
                time,
                short_code=chance.choices(CODES, [12, 6, 1])[0],
                visitor_id=time.toordinal() * 10 + chance.randrange(4),
                user_agent=chance.choice(NAMES),
                is_bot=is_bot,
                bot=chance.choice(["curl", "Ab"]) if is_bot else "",
                verdict=chance.choice(["bot", "own"] if is_bot else ["person", "suspicious"]),
                **values,
            )
        )
    return found


@pytest.fixture(scope="module")
def world(shared_clickhouse: Any) -> Iterator[World]:
    """Clicks whose days all have sums, of links with many a day, and of one with few."""
    url = shared_clickhouse.url("sums_of_reports")
    migrate(url, timeout_seconds=60, ttl_days=0)
    with connect(url, timeout_seconds=60) as client, pytest.MonkeyPatch.context() as patch:
        for module in (days, computation, planning):
            patch.setattr(module, "HOT_CLICKS", 4)
        patch.setattr(division, "SMALL_CLICKS", 1)
        world = World(url)
        chance = random.Random(1)
        world.insert(made_up(chance, 900))
        world.erase(chance.sample(list(world.rows.values()), 5))
        client.execute("SYSTEM STOP MERGES clicks")
        world.compute()
        yield world
    with connect(url, timeout_seconds=60, database="default") as client:
        client.execute("DROP DATABASE sums_of_reports SYNC")


@pytest.fixture(scope="module")
def dirtied(world: World) -> World:
    """The same, with clicks that came late, were enriched anew or erased since, on some days."""
    chance = random.Random(2)
    late = [row for row in made_up(chance, 200) if row["time"].day % 3 == 0]
    known = [row for row in world.rows.values() if row["time"].day % 3 == 0]
    anew = [
        row | {"is_bot": False, "country": "new", "enriched_at": row["time"] + DAY}
        for row in chance.sample(known, 20)
    ]
    world.insert(late + anew)
    return world


@st.composite
def questions(draw: st.DrawFn) -> tuple[Query, datetime]:
    first, last = draw(st.sampled_from(SPANS))
    quarters = st.integers(0, (last - first).days * 96)
    step = draw(st.sampled_from([1, 4, 96, 96]))
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    shift = timedelta(minutes=draw(st.sampled_from([0, 0, -345, -120, 240, 7])))
    ends = sorted(start + (draw(quarters) // step * step) * timedelta(minutes=15) for _ in "12")
    compare = draw(st.none() | st.sampled_from(["previous", "weekday", "year"]))
    orders = ["humans", "humans", "clicks", "bots", "visitors", "name"]
    has_visitors = draw(st.booleans())
    values = st.lists(st.sampled_from(["", "D", "bot", "person"]), min_size=1, max_size=2)
    kind = filters(values.map(tuple), ("kind",))
    other = filters(values.map(tuple), ("country", "kind"))
    since, until = ends[0] + shift, ends[1] + shift + step * timedelta(minutes=15)
    by = draw(st.lists(st.sampled_from(DIMENSIONS), max_size=3, unique=True))
    query = Query(
        codes=draw(st.sampled_from([(), ("hot",), ("hot",), ("cold",), ("hot", "warm")])),
        since=since if compare or draw(st.booleans()) else None,
        until=until if draw(st.booleans()) else None,
        tz=draw(ZONES),
        week=draw(st.sampled_from(["monday", "sunday"])),
        compare=compare,
        interval=draw(st.sampled_from(["hour", "day", "day", "week", "month", None])),
        by=tuple(by if draw(st.booleans()) else [each for each in by if each != "user_agent"]),
        filter=draw(st.none() | kind | other),
        metrics=("clicks", "humans", "bots", *(("visitors",) if has_visitors else ()), "share"),
        order=draw(
            st.sampled_from(
                [each for each in orders if has_visitors or each != "visitors"]
                + (["rise", "fall"] if compare else [])
            )
        ),
        limit=draw(st.integers(1, 5)),
    )
    return query, draw(st.sampled_from([start + 30 * DAY, until - 30 * timedelta(hours=1)]))


def check(world: World, query: Query, now: datetime) -> Answer:
    """Ask with and without sums, and compare with a plain count."""
    with Reports(world.url, timeout_seconds=100) as reports:
        answer = reports.ask(query, now)
        if query.filter:
            check_filter(answer, reports.ask(replace(query, filter=None), now))
    with Reports(world.url, timeout_seconds=100, has_sums=False) as reports:
        raw = reports.ask(query, now)
    assert raw.source.sums.through is None
    assert replace(answer, source=raw.source) == raw
    check_answer(answer, world.of(query))
    return answer


_SETTINGS = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)


@_SETTINGS
@given(questions())
def test_a_report_of_sums_equals_a_plain_count(world: World, asked: tuple[Query, datetime]) -> None:
    query, now = asked
    try:
        check(world, query, now)
    except BadQuery:
        return  # more hours than a timeline may have, or nothing to compare


def days_raw(world: World, tz: str = "UTC", **asked: Any) -> int:
    """Return how many of nine days of a zone, or of ten that they touch, were read raw."""
    since, until = (time.replace(tzinfo=ZoneInfo(tz)).astimezone(UTC) for time in MIDNIGHTS)
    fields = {"codes": ("hot",), "interval": "day", "by": ()} | asked
    answer = check(world, Query(since=since, until=until, tz=tz, **fields), LATER)
    assert answer.source.sums.days + answer.source.sums.days_raw == (9 if tz == "UTC" else 10)
    return answer.source.sums.days_raw


@pytest.mark.parametrize("tz", ZONE_NAMES)
def test_days_of_any_zone_are_of_sums(world: World, tz: str) -> None:
    assert days_raw(world, tz) == 0
    # Of the first and the last day of UTC, whose values are summed as a whole, it asks for a part.
    assert days_raw(world, tz, by=("country", "browser", "link")) == (0 if tz == "UTC" else 2)


def test_hours_of_a_zone_are_of_sums_where_they_are_hours_of_utc(world: World) -> None:
    assert days_raw(world, "America/New_York", interval="hour") == 0
    assert days_raw(world, "Asia/Kolkata", interval="hour") == 10


def test_without_visitors_all_quarters_are_of_sums(world: World) -> None:
    metrics = ("clicks", "humans", "bots")
    for tz in ("Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"):
        assert days_raw(world, tz, interval="hour", metrics=metrics) == 0
    assert days_raw(world, codes=("hot", "warm"), by=("link",), metrics=metrics) == 0


def test_what_sums_cannot_tell_is_read_raw(world: World) -> None:
    for asked in (
        {"filter": Condition("country", "=", ("DE",))},
        {"by": ("user_agent",)},
        {"codes": ("hot", "warm")},
        {"by": ("link",), "order": "bots"},
    ):
        assert days_raw(world, **asked) == 9


def test_people_and_bots_can_be_told_apart_by_sums(world: World) -> None:
    for kind in ("person", "bot"):
        wanted = Condition("kind", "=", (kind,))
        assert days_raw(world, filter=wanted, by=("country", "bot")) == 0


def test_all_links_and_those_that_lead_are_of_sums(world: World) -> None:
    for order in ("humans", "rise", "fall", "bots", "clicks"):
        asked = {"order": order, "compare": "previous" if order in ("rise", "fall") else None}
        query = Query(since=JANUARY, until=DECEMBER, by=("link", "country", "bot"), **asked)
        assert check(world, query, LATER).source.sums.days >= 20


def test_a_link_with_few_clicks_a_day_is_read_raw(world: World) -> None:
    assert days_raw(world, codes=("cold",), by=("country",)) >= 5
    assert days_raw(world, codes=("cold",), by=("link",)) == 0


def test_sql_to_copy_reads_clicks_alone(world: World) -> None:
    with Reports(world.url, timeout_seconds=100) as reports:
        text = reports.statement(Query(since=JANUARY, by=("country",)), LATER).text
    assert "FROM clicks FINAL" in text
    assert "click_sums" not in text


def test_totals_stay_where_rows_are_gone(migrated_url: str) -> None:
    rows = [click_row(NOON, country=name) for name in ["DE"] * HOT_CLICKS + ["FR"]]
    insert_clicks(migrated_url, *rows, click_row(NOON, short_code="cold", visitor_id=1))
    computed = Computation(migrated_url, 30).compute(NOON.date())
    with connect(migrated_url, timeout_seconds=60) as client:
        frozen = (NOON.date(), computed.version, State.FROZEN)
        client.execute("INSERT INTO click_sum_days (day, version, state) VALUES", [frozen])
        client.execute("TRUNCATE TABLE clicks")
    insert_clicks(migrated_url, click_row(NOON + 3 * DAY))
    with Reports(migrated_url, timeout_seconds=100) as reports:
        answer = reports.ask(Query(codes=("abc",), by=("country",)), NOON + 4 * DAY)
        cold = reports.ask(Query(codes=("cold",), by=("country",)), NOON + 4 * DAY)
    count = HOT_CLICKS + 2
    assert (answer.figures, cold.figures) == (Figures(count, count), Figures(1, 1))
    assert [bucket.figures.clicks for bucket in answer.timeline] == [count - 1, 0, 0, 1, 0]
    assert [share.clicks for share in answer.breakdowns[0].top] == [HOT_CLICKS + 1, 1]
    # Which country that was nobody knows any more.
    assert (cold.breakdowns[0].top, cold.breakdowns[0].others) == ((), 1)


def test_without_the_tables_of_sums_all_is_read(migrated_url: str) -> None:
    insert_clicks(migrated_url, click_row(NOON))
    with connect(migrated_url, timeout_seconds=60) as client:
        for table in ("click_marking", *SUM_TABLES):
            client.execute(f"DROP TABLE {table} SYNC")
    with Reports(migrated_url, timeout_seconds=100) as reports:
        answer = reports.ask(Query(codes=("abc",)), NOON + DAY)
    assert (answer.figures.clicks, answer.source.sums.days_raw) == (1, 2)


def test_a_version_that_is_replaced_while_someone_asks_is_still_right(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(division, "SMALL_CLICKS", 1)
    insert_clicks(migrated_url, click_row(NOON), click_row(NOON))
    computing = Computation(migrated_url, 30)
    computing.compute(NOON.date())
    with connect(migrated_url, timeout_seconds=60) as client:
        client.execute("TRUNCATE TABLE click_marks")
    ask = Asking.ask

    def late(self: Asking, statement: Statement) -> Any:
        if "click_sums" in statement.text and "panel" in statement.text:
            computing.compute(NOON.date())
        return ask(self, statement)

    monkeypatch.setattr(Asking, "ask", late)
    with Reports(migrated_url, timeout_seconds=100) as reports:
        answer = reports.ask(Query(codes=("abc",), by=()), NOON + DAY)
    assert (answer.figures.clicks, answer.source.sums.days) == (2, 1)


@_SETTINGS
@given(questions())
def test_a_report_of_sums_and_days_that_have_changed_since_does(
    dirtied: World, asked: tuple[Query, datetime]
) -> None:
    query, now = asked
    try:
        check(dirtied, query, now)
    except BadQuery:
        return
