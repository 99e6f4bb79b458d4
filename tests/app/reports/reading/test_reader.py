from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.reports.answer import Answer, Figures
from app.reports.filters import Condition, Dimension
from app.reports.period import Period
from app.reports.query import BadQuery, Query
from app.reports.reading.planning import span
from app.reports.reading.reader import Reports
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable, connect
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks

ALWAYS = Period()
MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def url(migrated_url: str) -> str:
    with connect(migrated_url, timeout_seconds=30) as client:
        # What was inserted twice stays there twice, so that counting has something to get wrong.
        client.execute("SYSTEM STOP MERGES clicks")
    return migrated_url


@pytest.fixture
def reports(url: str) -> Iterator[Reports]:
    with Reports(url, timeout_seconds=60) as reports:
        yield reports


def asked(
    reports: Reports, code: str = "abc", period: Period = ALWAYS, now: datetime = NOON, **rest: Any
) -> Answer:
    query = Query(codes=(code,), since=period.since, until=period.until, **rest)
    return reports.ask(query, now)


def top(stats: Answer) -> dict[str, int]:
    [breakdown] = stats.breakdowns
    return {share.name: share.clicks for share in breakdown.top}


def rows_in(url: str) -> int:
    with connect(url, timeout_seconds=30) as client:
        return int(client.execute("SELECT count() FROM clicks")[0][0])


def test_a_code_without_clicks_has_zeros(reports: Reports) -> None:
    stats = asked(reports, "nobody", ALWAYS, NOON)
    assert stats.figures == Figures(0, 0, 0)
    assert stats.is_empty
    assert [bucket.start for bucket in stats.timeline] == [NOON]
    assert all(breakdown.top == () and not breakdown.others for breakdown in stats.breakdowns)


def test_a_click_inserted_three_times_is_one_click(url: str, reports: Reports) -> None:
    rows = [click_row(), click_row(), bot_row()]
    for _ in range(3):
        insert_clicks(url, *rows)
    assert rows_in(url) == 9
    stats = asked(reports, "abc", ALWAYS, NOON)
    assert stats.figures == Figures(humans=2, visitors=2, bots=1)
    assert [bucket.figures for bucket in stats.timeline] == [Figures(2, 2, 1)]
    assert all(breakdown.top[0].clicks == 2 for breakdown in stats.breakdowns)


def test_of_a_click_enriched_twice_the_newer_version_counts(url: str, reports: Reports) -> None:
    row = click_row(country="", browser="Chrome")
    newer = row | {
        "country": "FR",
        "browser": "Edge",
        "is_bot": True,
        "bot": "curl",
        "enriched_at": NOON + MINUTE,
    }
    insert_clicks(url, newer)
    insert_clicks(url, row)
    assert asked(reports, "abc", ALWAYS, NOON).figures == Figures(humans=0, visitors=0, bots=1)
    assert top(asked(reports, "abc", ALWAYS, NOON, by=("country",))) == {}
    assert top(asked(reports, "abc", ALWAYS, NOON, by=("bot",))) == {"curl": 1}


def test_an_older_bot_verdict_does_not_come_back(url: str, reports: Reports) -> None:
    row = bot_row()
    insert_clicks(url, row)
    insert_clicks(url, row | {"is_bot": False, "bot": "", "enriched_at": NOON + MINUTE})
    assert asked(reports, "abc", ALWAYS, NOON).figures == Figures(humans=1, visitors=1, bots=0)
    assert top(asked(reports, "abc", ALWAYS, NOON, by=("bot",))) == {}


def test_a_visitor_who_comes_twice_is_one_visitor(url: str, reports: Reports) -> None:
    insert_clicks(url, click_row(visitor_id=7), click_row(visitor_id=7), click_row(visitor_id=8))
    assert asked(reports, "abc", ALWAYS, NOON).figures == Figures(humans=3, visitors=2)


def test_other_codes_are_not_counted(url: str, reports: Reports) -> None:
    insert_clicks(url, click_row(), click_row(short_code="abcd"), click_row(short_code="ABC"))
    assert asked(reports, "abc", ALWAYS, NOON).figures.clicks == 1


def test_since_counts_and_until_does_not(url: str, reports: Reports) -> None:
    insert_clicks(
        url, *(click_row(NOON + offset * MILLISECOND) for offset in (-1, 0, 1, 999, 1000, 1001))
    )
    period = Period(NOON, NOON + timedelta(seconds=1))
    assert asked(reports, "abc", period, NOON).figures.clicks == 3
    assert asked(reports, "abc", Period(since=NOON), NOON).figures.clicks == 5
    assert asked(reports, "abc", Period(until=NOON), NOON).figures.clicks == 1


def test_a_bound_between_two_milliseconds_parts_them(url: str, reports: Reports) -> None:
    insert_clicks(url, click_row(NOON), click_row(NOON + MILLISECOND))
    between = NOON + timedelta(microseconds=1)
    assert asked(reports, "abc", Period(since=between), NOON).figures.clicks == 1
    assert asked(reports, "abc", Period(until=between), NOON).figures.clicks == 1


def test_hours_begin_on_the_hour_and_gaps_are_zeros(url: str, reports: Reports) -> None:
    insert_clicks(
        url,
        click_row(NOON - MILLISECOND),
        click_row(NOON),
        bot_row(NOON + timedelta(hours=3) - MILLISECOND),
    )
    stats = asked(reports, "abc", ALWAYS, NOON + timedelta(hours=4), interval="hour")
    assert [(bucket.start.hour, bucket.figures.humans) for bucket in stats.timeline] == [
        (11, 1),
        (12, 1),
        (13, 0),
        (14, 0),
        (15, 0),
        (16, 0),
    ]
    assert stats.timeline[3].figures.bots == 1


def test_days_begin_at_midnight_utc(url: str, reports: Reports) -> None:
    midnight = datetime(2026, 5, 10, tzinfo=UTC)
    insert_clicks(url, click_row(midnight - MILLISECOND), click_row(midnight))
    stats = asked(reports, "abc", ALWAYS, NOON, interval="day")
    assert [(bucket.start.day, bucket.figures.clicks) for bucket in stats.timeline] == [
        (9, 1),
        (10, 1),
    ]


def test_months_are_calendar_months_across_partitions(url: str, reports: Reports) -> None:
    insert_clicks(
        url,
        click_row(datetime(2026, 1, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        click_row(datetime(2026, 2, 1, tzinfo=UTC)),
        click_row(NOON),
    )
    stats = asked(reports, "abc", ALWAYS, NOON)
    assert stats.interval == "month"
    assert [(bucket.start.month, bucket.figures.clicks) for bucket in stats.timeline] == [
        (1, 1),
        (2, 1),
        (3, 0),
        (4, 0),
        (5, 1),
    ]


def test_a_timeline_covers_the_period_even_where_nobody_clicked(reports: Reports) -> None:
    period = Period(NOON - timedelta(hours=3), NOON)
    stats = asked(reports, "abc", period, NOON)
    assert [bucket.start.hour for bucket in stats.timeline] == [9, 10, 11]


def test_a_timeline_that_nobody_could_read_is_refused(url: str, reports: Reports) -> None:
    insert_clicks(url, click_row(datetime(2012, 1, 1, tzinfo=UTC)))
    with pytest.raises(BadQuery, match="take a longer interval"):
        asked(reports, "abc", ALWAYS, NOON, interval="hour")


@pytest.mark.parametrize(
    ("by", "column"),
    [
        ("country", "country"),
        ("browser", "browser"),
        ("os", "os"),
        ("device", "device"),
        ("referrer", "referrer_host"),
        ("language", "language"),
        ("target", "target"),
    ],
)
def test_a_breakdown_counts_people_by_value(
    url: str, reports: Reports, by: Dimension, column: str
) -> None:
    insert_clicks(
        url,
        click_row(visitor_id=1, **{column: "A"}),
        click_row(visitor_id=1, **{column: "A"}),
        click_row(visitor_id=2, **{column: "B"}),
        click_row(visitor_id=3, **{column: ""}),
        bot_row(**{column: "C"}),
    )
    [breakdown] = asked(reports, "abc", ALWAYS, NOON, by=(by,)).breakdowns
    assert [(share.name, share.clicks, share.visitors, share.share) for share in breakdown.top] == [
        ("A", 2, 1, 0.5),
        ("", 1, 1, 0.25),
        ("B", 1, 1, 0.25),
    ]


def test_bots_are_broken_down_apart(url: str, reports: Reports) -> None:
    insert_clicks(url, click_row(), bot_row(), bot_row(), bot_row(bot="curl"))
    stats = asked(reports, "abc", ALWAYS, NOON, by=("bot",))
    assert stats.figures == Figures(1, 1, 3)
    assert top(stats) == {"Googlebot": 2, "curl": 1}


def test_what_the_top_leaves_out_is_counted_as_others(url: str, reports: Reports) -> None:
    rows = [click_row(country=name) for name in ("DE", "DE", "DE", "FR", "FR", "US", "GB")]
    insert_clicks(url, *rows)
    stats = asked(reports, "abc", ALWAYS, NOON, by=("country",), limit=2)
    assert top(stats) == {"DE": 3, "FR": 2}
    assert stats.breakdowns[0].others == 2


@pytest.mark.parametrize(
    "code", ["'", "\\", "' OR 1=1 --", "a\nb", "a\tb", "\x00", "{code:String}", "%(x)s", "é✓", ""]
)
def test_any_text_is_a_code_and_never_sql(url: str, reports: Reports, code: str) -> None:
    insert_clicks(url, click_row(), click_row(short_code=code))
    assert asked(reports, code, ALWAYS, NOON).figures.clicks == 1


def test_threads_ask_at_the_same_time_over_connections_of_their_own(
    url: str, reports: Reports
) -> None:
    insert_clicks(url, *(click_row() for _ in range(100)))

    def ask(_: int) -> int:
        return asked(reports, "abc", ALWAYS, NOON).figures.clicks

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(40))) == [100] * 40


def test_a_broken_connection_is_replaced(clickhouse_server) -> None:
    server = clickhouse_server()
    url = server.url("away")
    migrate(url, timeout_seconds=60, ttl_days=0)
    insert_clicks(url, click_row())
    with Reports(url, timeout_seconds=60) as reports:
        assert asked(reports, "abc", ALWAYS, NOON).figures.clicks == 1
        server.kill()
        with pytest.raises(ClickHouseUnavailable, match="is away"):
            asked(reports, "abc", ALWAYS, NOON)
        with pytest.raises(ClickHouseUnavailable, match="is away"):
            reports.ping()
        server.start()
        reports.ping()
        assert asked(reports, "abc", ALWAYS, NOON).figures.clicks == 1


def test_a_database_that_was_never_migrated_says_what_to_do(clickhouse_url: str) -> None:
    expected = pytest.raises(ClickHouseRefused, match="Run `hopline migrate`")
    with Reports(clickhouse_url, timeout_seconds=60) as reports, expected:
        asked(reports, "abc", ALWAYS, NOON)


def test_the_span_of_a_period_without_bounds_leads_from_the_first_click_to_now() -> None:
    clicked = (NOON - 2 * MINUTE, NOON - MINUTE)
    assert span(ALWAYS, clicked, NOON) == (NOON - 2 * MINUTE, NOON)
    assert span(ALWAYS, (), NOON) == (NOON, NOON)


def test_the_span_reaches_clicks_from_clocks_ahead_of_ours() -> None:
    assert span(ALWAYS, (NOON, NOON + MINUTE), NOON) == (NOON, NOON + MINUTE)


def test_the_span_of_a_period_stops_before_its_end_and_at_now() -> None:
    period = Period(NOON - MINUTE, NOON + MINUTE)
    assert span(period, (), NOON) == (NOON - MINUTE, NOON)
    assert span(period, (), NOON + 9 * MINUTE) == (
        NOON - MINUTE,
        NOON + MINUTE - timedelta(microseconds=1),
    )


def test_the_span_of_a_period_still_to_come_is_its_start() -> None:
    assert span(Period(since=NOON + MINUTE), (), NOON) == (NOON + MINUTE, NOON + MINUTE)


def test_a_server_without_our_table_gives_no_sign_of_life(clickhouse_url: str) -> None:
    with Reports(clickhouse_url, timeout_seconds=60) as reports:
        with pytest.raises(ClickHouseRefused, match="clicks"):
            reports.ping()
        migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
        reports.ping()


def test_all_questions_of_a_report_share_one_deadline(reports, url, monkeypatch) -> None:
    insert_clicks(url, click_row())
    client = reports._client()
    execute, given = client.execute, []

    def noting(*arguments: Any, settings: dict[str, float]) -> Any:
        given.append(settings["max_execution_time"])
        return execute(*arguments, settings=settings)

    monkeypatch.setattr(client, "execute", noting)
    asked(reports)
    assert len(given) > 1
    assert given[0] <= 60
    assert given == sorted(set(given), reverse=True)


def test_a_text_may_contain_any_of_many_parts(url: str, reports: Reports) -> None:
    insert_clicks(url, click_row(browser="Chrome"), click_row(browser=""))
    others = tuple(f"other{number}" for number in range(600))
    for parts, people in ((others, 0), ((*others, "CHRO"), 1), ((*others, ""), 2)):
        found = [
            asked(reports, filter=Condition("browser", operator, parts)).figures.humans
            for operator in ("~", "!~")
        ]
        assert found == [people, 2 - people]
