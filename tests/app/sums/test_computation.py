"""Sums of a day equal a plain count in Python over its distinct clicks."""

from collections import defaultdict
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.stores.clickhouse.connection import connect
from app.sums import computation
from app.sums.computation import DIMENSIONS, HOURLY, Computation
from app.sums.days import HOT_CLICKS, REVISION, summed_days
from tests.support.clicks import bot_row, click_row, insert_clicks

DAY = date(2026, 5, 10)
MIDNIGHT = datetime(2026, 5, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
#: Code, dimension and value.
Key = tuple[str, str, str]
#: Columns of click_values by dimension; `kind` is of none.
COLUMNS = {name: sql for name, sql in DIMENSIONS.items() if name != "kind"}


@pytest.fixture
def url(migrated_url):
    return migrated_url


@pytest.fixture
def client(url):
    with connect(url, timeout_seconds=30) as client:
        yield client


def compute(url: str, **options: int) -> int:
    with closing(Computation(url, 30, **options)) as computation:
        return computation.compute(DAY).version


def sums(client, version: int) -> dict[tuple[str, datetime], tuple[int, ...]]:
    rows = client.execute(
        "SELECT short_code, time, sum(clicks), sum(humans), sum(visitors_first_of_day),"
        " sum(visitors_last_of_day), sum(visitors_first_of_hour) FROM click_sums"
        " WHERE version = {version:UInt64} GROUP BY short_code, time",
        {"version": version},
    )
    return {(code, time.replace(tzinfo=UTC)): tuple(figures) for code, time, *figures in rows}


def values(client, version: int, *, by_hour: bool = False) -> dict[Key, tuple[int, ...]]:
    rows = client.execute(
        "SELECT short_code, dimension, value, sum(clicks), sum(humans), sum(visitors),"
        " sum(bot_visitors) FROM click_values WHERE version = {version:UInt64}"
        " AND (dimension LIKE '% at %') = {by_hour:UInt8} GROUP BY short_code, dimension, value",
        {"version": version, "by_hour": int(by_hour)},
    )
    return {(code, name, value): tuple(figures) for code, name, value, *figures in rows}


def newest(blocks: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the day's clicks, each with its newest row."""
    found: dict[bytes, dict[str, Any]] = {}
    for row in sorted(
        (row for block in blocks for row in block), key=lambda row: row["enriched_at"]
    ):
        if row["time"].date() == DAY:
            found[row["click_id"]] = row
    return list(found.values())


def counted(rows: list[dict[str, Any]]) -> dict[tuple[str, datetime], tuple[int, ...]]:
    """Count the sums of the rows."""
    found: dict[tuple[str, datetime], list[int]] = defaultdict(lambda: [0] * 5)
    quarters: dict[tuple[str, int], set[datetime]] = defaultdict(set)
    for row in rows:
        quarter = MIDNIGHT + (row["time"] - MIDNIGHT) // QUARTER * QUARTER
        for code in {"", row["short_code"]}:
            figures = found[code, quarter]
            figures[0] += 1
            if not row["is_bot"]:
                figures[1] += 1
                if row["visitor_id"]:
                    quarters[code, row["visitor_id"]].add(quarter)
    for (code, _), times in quarters.items():
        found[code, min(times)][2] += 1
        found[code, max(times)][3] += 1
        for hour in {time.hour for time in times}:
            found[code, min(time for time in times if time.hour == hour)][4] += 1
    return {key: tuple(figures) for key, figures in found.items()}


def counted_values(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], tuple[int, ...]]:
    """Count the values of all links together, and of hot ones."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    codes = [row["short_code"] for row in rows]
    for row in rows:
        hot = [row["short_code"]] if codes.count(row["short_code"]) >= HOT_CLICKS else []
        for code in ("", *hot):
            for name, column in COLUMNS.items():
                groups[code, name, row[column]].append(row)
            groups[code, "kind", "bot" if row["is_bot"] else "person"].append(row)
        for name in ("link", "leading_link"):
            groups["", name, row["short_code"]].append(row)
    return {
        key: (
            len(found),
            sum(not row["is_bot"] for row in found),
            len({row["visitor_id"] for row in found if not row["is_bot"]} - {0}),
            len({row["visitor_id"] for row in found if row["is_bot"]} - {0}),
        )
        for key, found in groups.items()
    }


@st.composite
def clicks(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Blocks with clicks of the day and around it, some twice, some enriched anew."""
    rows = []
    for _ in range(draw(st.integers(0, 30))):
        time = MIDNIGHT + timedelta(minutes=draw(st.integers(-30, 24 * 60 + 30)))
        make = bot_row if draw(st.booleans()) else click_row
        rows.append(
            make(
                time,
                short_code=draw(st.sampled_from(["a", "b", ""])),
                visitor_id=draw(st.integers(0, 5)),
                country=draw(st.sampled_from(["", "DE", "AT"])),
                referrer_host=draw(st.sampled_from(["", "a.example"])),
            )
        )
    again = [
        {
            **row,
            "country": draw(st.sampled_from(["FR", "DE"])),
            "is_bot": draw(st.booleans()),
            "enriched_at": row["enriched_at"] + timedelta(seconds=draw(st.integers(1, 5))),
        }
        for row in rows
        if draw(st.booleans())
    ]
    return [block for block in (rows, again, rows[::2]) if block]


@given(blocks=clicks(), slices=st.sampled_from([15, 1_000_000]))
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sums_equal_a_plain_count(url, client, blocks, slices):
    client.execute("TRUNCATE TABLE clicks")
    for block in blocks:
        insert_clicks(url, *block)
    version = compute(url, slice_clicks=slices)
    wanted = newest(blocks)
    assert sums(client, version) == counted(wanted)
    assert values(client, version) == counted_values(wanted)
    assert values(client, version, by_hour=True) == counted_hours(wanted)
    (day,) = summed_days(client, DAY, DAY + timedelta(days=1))
    assert (day.version, day.revision, day.clicks) == (version, REVISION, len(wanted))
    assert day.humans == sum(not row["is_bot"] for row in wanted)


def test_another_list_of_dimensions_is_another_revision():
    names = (
        "bot browser channel country device host kind language os referrer source target verdict"
    )
    assert (REVISION, " ".join(sorted(DIMENSIONS))) == (4, names)


def counted_hours(rows: list[dict[str, Any]]) -> dict[Key, tuple[int, ...]]:
    """Count by value and hour clicks, people's, and who came for the first time of the day."""
    found: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    seen: set[tuple[object, ...]] = set()
    for row in sorted(rows, key=lambda row: row["time"]):
        for name in HOURLY:
            value = row.get(COLUMNS.get(name, ""), "bot" if row["is_bot"] else "person")
            figures = found["", f"{name} at {row['time'].hour}", value]
            figures[0] += 1
            figures[1] += not row["is_bot"]
            who = name, value, row["visitor_id"], row["is_bot"]
            if row["visitor_id"] and who not in seen:
                seen.add(who)
                figures[3 if row["is_bot"] else 2] += 1
    return {key: tuple(figures) for key, figures in found.items()}


@pytest.mark.parametrize("slices", [2, 1_000_000])
def test_the_links_with_the_most_clicks_are_kept_apart(url, client, monkeypatch, slices):
    monkeypatch.setattr(computation, "LEADING_LINKS", 2)
    rows = [click_row(MIDNIGHT, short_code=code) for code in "aabbbcdddd"]
    insert_clicks(url, *rows, rows[0], *rows[:3])
    found = values(client, compute(url, slice_clicks=slices))
    leading = {key[2]: figures[0] for key, figures in found.items() if key[1] == "leading_link"}
    assert leading == {"d": 4, "b": 3}


def test_a_link_with_many_clicks_has_values_and_one_with_few_has_none(url, client):
    times = [MIDNIGHT + timedelta(minutes=number) for number in range(HOT_CLICKS)]
    rows = [click_row(time, short_code="hot", country="AT", visitor_id=7) for time in times]
    rows += [bot_row(time, short_code="cold") for time in times[1:]]
    insert_clicks(url, *rows)
    assert values(client, compute(url)) == counted_values(rows)


def test_values_add_up_over_slices_of_visitors(url, client):
    times = [MIDNIGHT + timedelta(minutes=number) for number in range(HOT_CLICKS)]
    rows = [
        click_row(time, short_code="hot", visitor_id=number) for number, time in enumerate(times)
    ]
    insert_clicks(url, *rows)
    assert values(client, compute(url, slice_clicks=40)) == counted_values(rows)
