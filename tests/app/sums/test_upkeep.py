"""The upkeep of sums on a real server: what waits, what is computed, what goes."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect, insert_settings, new_token
from app.sums.days import State, clean_days, mark
from app.sums.upkeep import Upkeep
from tests.support.clicks import click_row, insert_clicks

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
#: Over for long enough, also just after midnight.
DAY = TODAY - timedelta(days=2)
NOON = DAY + timedelta(hours=12)
EARLIER = DAY - timedelta(days=3)
#: Of a mutation: that it is waited for.
NOW = {"mutations_sync": 1}


@pytest.fixture
def url(migrated_url):
    return migrated_url


@pytest.fixture
def client(url):
    with connect(url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def upkeep(url):
    with closing(Upkeep(url, 30)) as upkeep:
        yield upkeep


def settle(client):
    """Have it be long ago that clicks changed."""
    client.execute(
        "INSERT INTO click_marks SELECT day, marked_at - toIntervalHour(1) FROM click_marks"
    )
    client.execute("ALTER TABLE click_marks DELETE WHERE marked_at > now() - 1800", settings=NOW)


def compute(upkeep, client):
    """Compute all that waits, as if its clicks had come long ago; return the days."""
    settle(client)
    days = upkeep.look().due
    for day in days:
        upkeep.compute(day)
    return days


def states(client):
    return [
        State(state)
        for (state,) in client.execute("SELECT state FROM click_sum_days FINAL ORDER BY version")
    ]


def test_days_of_a_table_without_sums_are_computed_newest_first(client, upkeep, url):
    client.execute("DROP VIEW click_marking SYNC")
    insert_clicks(url, click_row(NOON), click_row(EARLIER))
    between = [(DAY - timedelta(days=number)).date() for number in range(4)]
    assert upkeep.look().waiting == between
    assert compute(upkeep, client) == between
    assert upkeep.look().waiting == []
    assert sorted(clean_days(client)) == between[::-1]
    assert [one.clicks for one in clean_days(client).values()] == [1, 0, 0, 1]


def test_a_late_click_has_its_day_wait_until_its_mark_has_settled(client, upkeep, url):
    insert_clicks(url, click_row(NOON))
    compute(upkeep, client)
    insert_clicks(url, click_row(NOON))
    standing = upkeep.look()
    assert (standing.waiting, standing.due) == ([DAY.date()], [])
    assert clean_days(client) == {}
    assert compute_again(upkeep, client) == [DAY.date()]
    assert clean_days(client)[DAY.date()].clicks == 2


def compute_again(upkeep, client):
    """As :func:`compute`, as if all sums were a day old."""
    client.execute(
        "ALTER TABLE click_sum_days UPDATE at = at - toIntervalDay(1),"
        " marks_before = marks_before - toIntervalDay(1) WHERE 1",
        settings=NOW,
    )
    return compute(upkeep, client)


def test_a_click_of_today_marks_nothing(client, url):
    # Nor does one of tomorrow, if midnight comes meanwhile.
    insert_clicks(url, click_row(datetime.now(UTC) + timedelta(minutes=1)))
    assert client.execute("SELECT * FROM click_marks") == []


def test_whoever_inserts_marks(client):
    client.execute(
        "INSERT INTO clicks (click_id, time, short_code) VALUES",
        [(bytes(16), NOON, "foreign")],
    )
    assert client.execute("SELECT day FROM click_marks") == [(DAY.date(),)]


def test_a_retry_that_is_dropped_as_a_duplicate_marks_again(client):
    """Its first try may have died between the clicks and their mark, or between mark and clicks."""
    token = new_token()
    row = click_row(NOON)
    for _ in range(2):
        client.execute("TRUNCATE TABLE click_marks")
        client.execute(
            f"INSERT INTO clicks ({', '.join(row)}) VALUES",
            [row],
            settings=insert_settings(client, 1, token),
        )
        assert client.execute("SELECT day FROM click_marks") == [(DAY.date(),)]
    assert client.execute("SELECT count() FROM clicks") == [(1,)]


def test_a_mark_holds_against_sums_that_were_begun_less_than_the_settle_time_later(
    client, upkeep, url
):
    insert_clicks(url, click_row(NOON))
    upkeep.compute(DAY.date())
    assert clean_days(client) == {}
    assert upkeep.look().waiting == [DAY.date()]


def test_replaced_versions_are_given_up_and_deleted_when_nobody_reads_them(client, upkeep, url):
    insert_clicks(url, click_row(NOON))
    compute(upkeep, client)
    upkeep.compute(DAY.date())
    upkeep.tidy(upkeep.look())
    assert states(client) == [State.GIVEN_UP, State.PUBLISHED]
    assert client.execute("SELECT uniqExact(version) FROM click_sums") == [(2,)]
    client.execute(
        "ALTER TABLE click_sum_days UPDATE at = at - toIntervalHour(2) WHERE 1", settings=NOW
    )
    upkeep.tidy(upkeep.look())
    assert states(client) == [State.REMOVED, State.PUBLISHED]
    version = clean_days(client)[DAY.date()].version
    for table in ("click_sums", "click_values"):
        client.execute(f"OPTIMIZE TABLE {table} FINAL")
        assert client.execute(f"SELECT DISTINCT version FROM {table}") == [(version,)]


def test_a_day_whose_clicks_are_about_to_go_keeps_its_sums_whatever_marks_it(client, upkeep, url):
    insert_clicks(url, click_row(NOON))
    compute(upkeep, client)
    migrate(url, timeout_seconds=30, ttl_days=2)
    upkeep.tidy(upkeep.look())
    mark(client, DAY.date())
    assert upkeep.look().waiting == []
    assert clean_days(client)[DAY.date()].is_frozen


def test_a_day_that_outlives_its_sums_is_given_up(client, url):
    insert_clicks(url, click_row(NOON))
    with closing(Upkeep(url, 30, sums_ttl_days=3)) as upkeep:
        compute(upkeep, client)
        assert DAY.date() in clean_days(client)
    with closing(Upkeep(url, 30, sums_ttl_days=1)) as upkeep:
        upkeep.tidy(upkeep.look())
        assert clean_days(client) == {}
        assert upkeep.look().waiting == []


def test_a_view_that_was_gone_leaves_no_day_trusted(client, upkeep, url):
    insert_clicks(url, click_row(NOON))
    compute(upkeep, client)
    client.execute("DROP VIEW click_marking SYNC")
    insert_clicks(url, click_row(NOON))
    migrate(url, timeout_seconds=30, ttl_days=0)
    assert clean_days(client) == {}


def test_clicks_of_impossible_times_leave_nothing_to_be_computed_for_ever(client, upkeep, url):
    """A foreign producer's clock says 1970 or before, 2099, or what is no day for ClickHouse."""
    texts = ["1900-02-01", "1969-12-01", "1970-01-01", "1970-02-01"]
    texts += ["2099-07-01", "2106-03-01", "2149-07-01", "2299-12-01"]
    times = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
    insert_clicks(url, *(click_row(NOON) | {"time": time} for time in (NOON, *times)))
    found = [compute(upkeep, client), compute(upkeep, client)]
    assert found == [[DAY.date(), times[3].date()], []]
    assert upkeep.look().waiting == []
    assert [one.clicks for one in clean_days(client).values()] == [1, 1]
    assert upkeep.compare() == []
