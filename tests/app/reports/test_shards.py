"""Reports and exports over clicks that several ClickHouse servers share between them."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from app.explain.stored_rows import StoredRows
from app.exports.clicks import COLUMNS, ClickExport, cursor_of
from app.exports.pages import ClickPages
from app.reports.answer import Figures
from app.reports.filters import Condition
from app.reports.period import Period
from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.reports.sums import division
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect, database_name, insert_settings
from app.stores.clickhouse.hosts import at_place
from app.stores.clickhouse.shards import ClickHouseConnection, ReadingConnection
from app.sums import computation
from app.sums.computation import Computation
from tests.support.clickhouse.replicated import ReplicatedClickHouse
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

COUNT = 200


@pytest.fixture
def url(shared_shards: ReplicatedClickHouse, shards_url: str) -> str:
    """A database on two shards, with clicks of two links, each inserted twice, at all replicas."""
    migrate(shards_url, timeout_seconds=20, ttl_days=0)
    rows = [
        make(NOON + timedelta(minutes=number), short_code=code, visitor_id=1 + number % 50)
        for number in range(COUNT)
        for make, code in ((click_row, "abc"), (bot_row, "b"))
    ]
    newer = [
        row | {"country": "FR", "enriched_at": row["enriched_at"] + timedelta(hours=9)}
        for row in rows
    ]
    for block in (rows, newer):
        with connect(shards_url, timeout_seconds=20) as client:
            client.execute(
                f"INSERT INTO clicks ({', '.join(rows[0])}) VALUES",
                block,
                settings=insert_settings(client, len(block)),
            )
    # Each question may be answered by another replica.
    shared_shards.catch_up(database_name(shards_url))
    return shards_url


def test_a_report_is_over_the_clicks_of_all_shards(url: str) -> None:
    query = Query(
        since=NOON - timedelta(hours=12),
        until=NOON + timedelta(hours=12),
        compare="previous",
        interval="hour",
        by=("link", "country", "bot"),
        filter=Condition("country", "=", ("FR",)),
        limit=1,
    )
    with Reports(url, timeout_seconds=20) as reports:
        answer = reports.ask(query, NOON + timedelta(days=1))
    assert answer.figures == Figures(COUNT, 50, COUNT)
    assert [bucket.figures.humans for bucket in answer.timeline if bucket.figures.humans] == [
        *[60] * 3,
        20,
    ]
    link, country, bot = answer.breakdowns
    assert [(share.name, share.clicks) for share in link.top] == [("abc", COUNT)]
    assert [(share.name, share.clicks) for share in country.top] == [("FR", COUNT)]
    assert [(share.name, share.clicks) for share in bot.top] == [("Googlebot", COUNT)]
    assert (answer.before, answer.source.newest_click) == (
        Figures(),
        NOON + timedelta(minutes=COUNT - 1),
    )


def test_all_panels_of_an_answer_are_of_the_same_replicas(
    shared_shards: ReplicatedClickHouse, url: str
) -> None:
    first, second = shared_shards.shards
    for replica in second:
        replica.execute(f"SYSTEM STOP FETCHES {database_name(url)}.clicks_local")
    # Of the second shard's, one of its replicas will have all, and the other none. Whoever is asked
    # reads its own rows itself, so one of the first shard is asked, which has all of those.
    asked = at_place(url, f"127.0.0.1:{first[0].port}")
    insert_clicks(asked, *(click_row(NOON, visitor_id=1) for _ in range(COUNT)))
    query = Query(
        since=NOON - timedelta(hours=12),
        until=NOON + timedelta(hours=12),
        interval="hour",
        by=("link", "country"),
    )
    seen = set()

    def is_asked_of_both() -> bool:
        answer = reports.ask(query, NOON + timedelta(days=1))
        link, country = answer.breakdowns
        humans = answer.figures.humans
        assert sum(bucket.figures.humans for bucket in answer.timeline) == humans
        assert sum(share.clicks for share in link.top) == humans
        assert sum(share.clicks for share in country.top) == humans
        seen.add(humans)
        return len(seen) == 2

    with Reports(asked, timeout_seconds=20) as reports:
        wait_until(is_asked_of_both)
    assert max(seen) == 2 * COUNT


def test_sums_of_all_shards_are_what_their_clicks_add_up_to(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clicks were marked a moment ago.
    monkeypatch.setattr(computation, "settle_seconds", lambda _: -3600.0)
    monkeypatch.setattr(division, "SMALL_CLICKS", 1)
    Computation(url, 20).compute(NOON.date())
    day = NOON - timedelta(hours=12)
    query = Query(
        since=day, until=day + timedelta(days=1), interval="hour", by=("link", "country", "bot")
    )
    with (
        Reports(url, timeout_seconds=20) as reports,
        Reports(url, timeout_seconds=20, has_sums=False) as raw,
    ):
        # A host that has not got all sums yet reads clicks.
        wait_until(lambda: reports.ask(query, NOON + timedelta(days=1)).source.sums.days == 1)
        answer = reports.ask(query, NOON + timedelta(days=1))
        counted = raw.ask(query, NOON + timedelta(days=1))
    assert answer.figures == Figures(COUNT, 50, COUNT)
    assert replace(answer, source=counted.source) == counted


def test_an_export_has_the_clicks_of_all_shards_in_one_order(url: str) -> None:
    names = list(COLUMNS)
    code, moment, country = (names.index(name) for name in ("short_code", "time", "country"))
    with closing(ClickHouseConnection(url, 20)) as connection:
        clicks = ClickExport(connection, url, Query(), Period())
        rows = [row for block in clicks.blocks() for row in block]
        keys = [(row[code], row[moment]) for row in rows]
        assert (len(keys), keys) == (2 * COUNT, sorted(keys))
        assert {row[country] for row in rows} == {"FR"}
        rest = [row for block in clicks.blocks(cursor_of(rows[99])) for row in block]
        assert rest == rows[100:]


def test_who_may_only_read_gets_the_clicks_of_all_shards_once(url: str) -> None:
    """As the console does, whose user may neither see the cluster nor wait for replicas."""
    query, period = Query(codes=("abc", "b")), Period()
    with closing(ReadingConnection(url, 30)) as connection:
        pages = ClickPages(connection, query, period)
        newest, after = [], None
        while True:
            page = pages.newest(150, after)
            newest += page.rows
            if (after := page.after) is None:
                break
        times = [row[0] for row in newest]
        assert times == sorted(times, reverse=True)
        settled_ms = int((NOON + timedelta(days=2)).timestamp() * 1000)
        stored, place = [], None
        while (page := pages.stored(150, settled_ms, place)).after != place:
            stored += page.rows
            place = page.after
        exported = [
            row for block in ClickExport(connection, url, query, period).blocks() for row in block
        ]
        ids = {row[1] for row in exported}
        assert len(exported) == len(newest) == len(ids) == 2 * COUNT
        assert {row[1] for row in newest} == {row[1] for row in stored} == ids
        click_id = bytes.fromhex(exported[0][1])
        found = StoredRows(connection).of_click(click_id, exported[0][0])
        assert found.country[0] == b"FR"
