from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.audit.click_comparison import Clicks
from app.audit.click_ref import ClickRef
from app.audit.writer import write_ledger
from app.schema.by_time import ADD, FILL
from app.schema.migrations import migrate
from app.stores.clickhouse.codes import TIMEOUT_EXCEEDED
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable, connect
from tests.support.clicks import click_row, insert_clicks

NOW = datetime.now(UTC).replace(second=10, microsecond=0)
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = NOW_MS // 60_000
DAY_MS = 86_400_000


@pytest.fixture
def clicks_url(migrated_url):
    return migrated_url


@pytest.fixture
def clicks(clicks_url):
    clicks = Clicks(clicks_url, 30)
    yield clicks
    clicks.close()


@pytest.fixture
def take_on(clicks_url):
    """A function that writes rows into the ledger; returns their references."""

    def take_on(*rows) -> set[ClickRef]:
        seen = [ClickRef(round(row["time"].timestamp() * 1000), row["click_id"]) for row in rows]
        with connect(clicks_url, timeout_seconds=30) as client:
            write_ledger(client, [one.click_id for one in seen], [one.time_ms for one in seen])
        return set(seen)

    return take_on


def rows_of(count: int, time: datetime = NOW) -> list[dict]:
    return [click_row(time + timedelta(milliseconds=n)) for n in range(count)]


def compare(clicks, since_ms: int = NOW_MS - 60_000):
    return clicks.compare(since_ms, NOW_MS + 1000, iter)


def test_equal_tables_have_nothing_to_tell(clicks, clicks_url, take_on):
    rows = rows_of(5)
    take_on(*rows)
    insert_clicks(clicks_url, *rows)
    assert compare(clicks)[:3] == ({MINUTE: 5}, set(), set())
    assert compare(clicks, NOW_MS + 3)[:3] == ({MINUTE: 2}, set(), set())


def test_what_came_twice_is_one(clicks, clicks_url, take_on):
    rows = rows_of(5)
    for _ in range(2):
        take_on(*rows)
        insert_clicks(clicks_url, *rows)
    insert_clicks(clicks_url, *rows[:2])
    take_on(*rows[2:])
    assert compare(clicks)[:3] == ({MINUTE: 5}, set(), set())


def test_what_is_in_one_table_only_is_named(clicks, clicks_url, take_on):
    rows = rows_of(6)
    seen = sorted(take_on(*rows[:5], *rows[:2]))
    insert_clicks(clicks_url, *rows[2:])
    insert_clicks(clicks_url, *rows[2:])
    found = compare(clicks)
    assert found.in_ledger == {MINUTE: 5}
    assert found.absent == set(seen[:2])
    assert [one.click_id for one in found.uncounted] == [rows[5]["click_id"]]


def test_one_missing_and_one_too_many_in_a_minute_are_noticed(clicks, clicks_url, take_on):
    rows = rows_of(3)
    take_on(*rows[:2])
    insert_clicks(clicks_url, *rows[1:])
    found = compare(clicks)
    assert (len(found.absent), len(found.uncounted)) == (1, 1)


def test_weeks_and_minutes_are_told_apart(clicks, clicks_url, take_on):
    weeks = [rows_of(4, NOW - timedelta(days=7 * number)) for number in range(3)]
    for rows in weeks:
        take_on(*rows)
        insert_clicks(clicks_url, *rows[1:])
    future = rows_of(1, NOW + timedelta(days=400))
    take_on(*future)
    # In the middle of a minute, so that weeks are cut there, too.
    since_ms = NOW_MS - 14 * DAY_MS + 2
    starts = []
    found = clicks.compare(since_ms, NOW_MS + 1000, lambda spans: starts.extend(spans) or starts)
    assert starts == [since_ms, since_ms + 7 * DAY_MS, since_ms + 14 * DAY_MS]
    wanted = {MINUTE - 20160: 2, MINUTE - 10080: 4, MINUTE: 4, MINUTE + 400 * 1440: 1}
    assert found.in_ledger == wanted
    assert len(found.absent) == 3


@pytest.mark.parametrize(
    ("apart_ms", "span_ms", "most"),
    [
        # A few pieces of 8192 rows, of which an index knows the first.
        (6000, 3_600_000, 50_000),
        # What the workers look at each minute: of either table no more than twice an hour's rows.
        (72, 55 * 60_000, 2 * 2 * 50_000),
    ],
)
def test_an_hour_of_a_month_is_read_without_the_month(clicks, clicks_url, apart_ms, span_ms, most):
    month = NOW.replace(day=1, hour=0, minute=0, second=0)
    select = (
        "SELECT unhex(leftPad(hex(number), 32, '0')) AS click_id,"
        f" fromUnixTimestamp64Milli({int(month.timestamp() * 1000)} + number * {apart_ms}, 'UTC')"
        " AS time"
    )
    with connect(clicks_url, timeout_seconds=30) as client:
        code = "toString(sipHash64(number) % 50) AS short_code"
        client.execute(
            f"INSERT INTO clicks (click_id, time, short_code) {select}, {code} FROM numbers(400000)"
        )
        client.execute(f"INSERT INTO ledger (click_id, time) {select} FROM numbers(400000)")
        client.execute("OPTIMIZE TABLE clicks FINAL")
        end_ms = int(month.timestamp() * 1000) + 400_000 * apart_ms
        before = _selected_rows(client)
        found = clicks.compare(end_ms - span_ms, end_ms, iter)
        read = _selected_rows(client) - before
    assert found[1:3] == (set(), set())
    assert abs(found.in_ledger.total() - span_ms / apart_ms) < 1
    assert read <= most


def test_a_span_that_takes_too_long_is_halved(clicks, clicks_url, take_on, monkeypatch):
    rows = [row for hour in range(60) for row in rows_of(2, NOW - timedelta(hours=hour))]
    take_on(*rows)
    insert_clicks(clicks_url, *rows[3:])
    ask = Clicks._query

    def slow(self, name, params, *tables):
        if params["end_ms"] - params["first_ms"] > DAY_MS and params["end_ms"] < NOW_MS + DAY_MS:
            raise ClickHouseUnavailable("Timeout exceeded", TIMEOUT_EXCEEDED)
        return ask(self, name, params, *tables)

    wanted = clicks.compare(NOW_MS - 7 * DAY_MS, NOW_MS, iter)
    monkeypatch.setattr(Clicks, "_query", slow)
    found = clicks.compare(NOW_MS - 7 * DAY_MS, NOW_MS, iter)
    assert found == wanted
    assert (found.in_ledger.total(), len(found.absent)) == (120, 3)


def test_a_span_that_can_not_be_halved_any_more_says_why(clicks, monkeypatch):
    def slow(self, name, params, *tables):
        raise ClickHouseUnavailable("Timeout exceeded", TIMEOUT_EXCEEDED)

    monkeypatch.setattr(Clicks, "_query", slow)
    with pytest.raises(ClickHouseUnavailable, match="Timeout exceeded"):
        compare(clicks)


def test_clicks_of_before_the_projection_are_compared_as_well(clicks, clicks_url, take_on):
    rows = rows_of(9)
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks DROP PROJECTION by_time", settings={"mutations_sync": 1})
        take_on(*rows)
        insert_clicks(clicks_url, *rows[:5])
        client.execute(f"ALTER TABLE clicks {ADD}")
        insert_clicks(clicks_url, *rows[4:8])
        first = compare(clicks)
        client.execute(f"ALTER TABLE clicks {FILL}", settings={"mutations_sync": 1})
    assert first == compare(clicks)
    assert first.in_ledger == {MINUTE: 9}
    assert [one.click_id for one in first.absent] == [rows[8]["click_id"]]


def test_clicks_that_somebody_deleted_by_hand_are_absent(clicks, clicks_url, take_on):
    rows = rows_of(6)
    seen = sorted(take_on(*rows))
    insert_clicks(clicks_url, *rows)
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute(f"DELETE FROM clicks WHERE click_id = unhex('{seen[2].click_id.hex()}')")
        assert compare(clicks).absent == {seen[2]}
        client.execute("OPTIMIZE TABLE clicks FINAL")
        assert compare(clicks).absent == {seen[2]}
        client.execute(f"ALTER TABLE clicks {FILL}", settings={"mutations_sync": 1})
    assert compare(clicks).absent == {seen[2]}


class _Act(NamedTuple):
    """What happens to some of the clicks, told by their numbers."""

    kind: str
    clicks: frozenset[int]


_COUNT = 24
_ACTS = st.lists(
    st.builds(
        _Act,
        st.sampled_from(["take on", "insert", "replay", "erase", "merge"]),
        st.frozensets(st.integers(0, _COUNT - 1), min_size=1),
    ),
    max_size=10,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=_ACTS)
def test_whatever_happens_the_figures_are_a_plain_count(clicks, clicks_url, take_on, acts):
    rows = [click_row(NOW - timedelta(seconds=20 * n)) for n in range(_COUNT)]
    begun, stored = set[int](), set[int]()
    with connect(clicks_url, timeout_seconds=30) as client:
        for table in ("clicks", "ledger"):
            client.execute(f"TRUNCATE TABLE {table}")
        for number, (kind, chosen) in enumerate(acts):
            if kind == "take on":
                begun |= chosen
                take_on(*(rows[one] for one in chosen))
            elif kind == "insert" or (kind == "replay" and (chosen := chosen & stored)):
                stored |= chosen
                later = NOW + timedelta(seconds=number)
                changed = {"enriched_at": later, "country": f"{number:02}"}
                insert_clicks(clicks_url, *({**rows[one], **changed} for one in chosen))
            elif kind == "erase":
                begun, stored = begun - chosen, stored - chosen
                _erase(client, [rows[one]["click_id"] for one in chosen])
            elif kind == "merge":
                client.execute("OPTIMIZE TABLE clicks FINAL")
    found = compare(clicks, NOW_MS - DAY_MS)
    refs = [ClickRef(round(row["time"].timestamp() * 1000), row["click_id"]) for row in rows]
    assert found.in_ledger == Counter(refs[one].minute for one in begun)
    assert found.absent == {refs[one] for one in begun - stored}
    assert found.uncounted == {refs[one] for one in stored - begun}
    assert clicks.among("clicks", refs) == {refs[one] for one in stored}


def _erase(client, click_ids: list[bytes]) -> None:
    which = ", ".join(f"unhex('{one.hex()}')" for one in click_ids)
    for table in ("ledger", "clicks"):
        client.execute(
            f"ALTER TABLE {table} DELETE WHERE click_id IN ({which})",
            settings={"mutations_sync": 1},
        )


def _selected_rows(client) -> int:
    query = "SELECT value FROM system.events WHERE event = 'SelectedRows'"
    return int(client.execute(query)[0][0])


def test_clicks_are_looked_up_in_either_table(clicks, clicks_url, take_on):
    rows = rows_of(12_000)
    seen = take_on(*rows)
    insert_clicks(clicks_url, *rows[:11_000])
    assert clicks.among("ledger", seen) == seen
    assert clicks.among("clicks", seen) == set(sorted(seen)[:11_000])
    assert clicks.among("clicks", []) == set()


def test_it_reaches_back_as_far_as_no_table_forgets(clicks, clicks_url):
    hour_ms = 3_600_000
    assert clicks.reach_ms(NOW_MS) == NOW_MS - 35 * DAY_MS + hour_ms
    migrate(clicks_url, timeout_seconds=30, ttl_days=7)
    assert clicks.reach_ms(NOW_MS) == NOW_MS - 7 * DAY_MS + hour_ms


def test_without_the_table_it_says_what_to_do(clicks, clicks_url):
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("DROP TABLE ledger")
    with pytest.raises(ClickHouseRefused, match="hopline migrate"):
        compare(clicks)
