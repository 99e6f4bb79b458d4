"""Reports on days whose clicks ClickHouse has forgotten: what is known, and what no longer is."""

from datetime import UTC, datetime, timedelta

import pytest

from app.reports.answer import Figures, to_json
from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from app.sums.computation import Computation
from app.sums.days import HOT_CLICKS, State, clean_days
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

NOW = datetime.now(UTC).replace(microsecond=0)
#: Noon of a day that is over, and of which 30 days leave nothing.
OLD = (NOW - timedelta(days=40)).replace(hour=12, minute=0, second=0)
VISITORS = 10


def old_rows():
    hot = [
        click_row(
            OLD + timedelta(minutes=number),
            short_code="hot",
            country="DE" if number % 3 else "FR",
            visitor_id=1 + number % VISITORS,
        )
        for number in range(HOT_CLICKS)
    ]
    cold = [click_row(OLD, short_code="cold", visitor_id=number) for number in range(1, 6)]
    return [*hot, *cold, bot_row(OLD, short_code="hot")]


def note_frozen(client, day):
    """Freeze a day as whoever keeps the sums does before its clicks go."""
    version = clean_days(client)[day].version
    client.execute(
        "INSERT INTO click_sum_days (day, version, state, marks_before, clicks, humans)"
        " SELECT day, version, {state:UInt8}, marks_before, clicks, humans FROM click_sum_days"
        " WHERE version = {version:UInt64} AND state = 1",
        {"version": version, "state": int(State.FROZEN)},
    )


@pytest.fixture
def url(migrated_url):
    """A database that has forgotten the clicks of a day, and not those of today."""
    insert_clicks(migrated_url, *old_rows())
    insert_clicks(migrated_url, click_row(NOW, short_code="hot", country="AT"))
    with connect(migrated_url, timeout_seconds=30) as client:
        client.execute("TRUNCATE TABLE click_marks")
        Computation(migrated_url, 30).compute(OLD.date())
        note_frozen(client, OLD.date())
        migrate(migrated_url, timeout_seconds=30, ttl_days=30)
        wait_until(lambda: client.execute("SELECT count() FROM clicks") == [(1,)], 60)
    return migrated_url


def ask(url, code, **rest):
    with Reports(url, timeout_seconds=30) as reports:
        return reports.ask(Query(codes=(code,) if code else (), by=("country",), **rest), NOW)


def countries(answer):
    [breakdown] = answer.breakdowns
    return {share.name: share.clicks for share in breakdown.top}, breakdown.others


def test_totals_of_days_whose_clicks_are_gone_stay(url):
    assert ask(url, "hot").figures == Figures(HOT_CLICKS + 1, VISITORS + 1, 1)
    assert ask(url, "cold").figures == Figures(5, 5, 0)
    assert ask(url, "").figures.humans == HOT_CLICKS + 6


def test_the_day_itself_has_them_in_the_timeline(url):
    answer = ask(url, "hot", interval="day")
    by_day = {bucket.start.date(): bucket.figures.humans for bucket in answer.timeline}
    assert {day: count for day, count in by_day.items() if count} == {
        OLD.date(): HOT_CLICKS,
        NOW.date(): 1,
    }


def test_values_are_known_where_a_link_had_many_clicks_and_others_where_it_had_few(url):
    french = -(-HOT_CLICKS // 3)
    found = {"DE": HOT_CLICKS - french, "FR": french, "AT": 1}
    assert countries(ask(url, "hot")) == (found, 0)
    assert countries(ask(url, "cold")) == ({}, 5)


def test_an_answer_says_since_when_there_are_clicks_themselves(url):
    answer = ask(url, "hot")
    assert answer.source.oldest_click == NOW
    assert to_json(answer)["meta"]["oldest_click"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


def test_keeping_clicks_for_ever_again_loses_no_sums(url):
    migrate(url, timeout_seconds=30, ttl_days=0)
    assert ask(url, "hot").figures.humans == HOT_CLICKS + 1
