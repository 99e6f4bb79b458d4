"""Links that lead are the same, with the same figures, as if all links had been read."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.reports.answer import Answer
from app.reports.filters import Condition
from app.reports.query import METRICS, Query
from app.reports.reading import planning
from app.reports.reading.reader import Reports
from app.reports.statement import leading as statement
from app.reports.sums import division
from app.reports.sums.leading import MOST_LINKS, OTHERS, leading_links
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from app.sums import computation
from app.sums.computation import Computation
from app.sums.days import REVISION
from tests.support.clicks import click_row, insert_clicks

FIRST = datetime(2026, 5, 4, tzinfo=UTC)
DAY = timedelta(days=1)
#: Eight days of sums, and then half a day that is read.
DAYS, NOW = 8, FIRST + 8.5 * DAY
KEPT = 6


@pytest.fixture(scope="module")
def url(shared_clickhouse: Any) -> Iterator[str]:
    """Clicks of links of which some have many, and the sums of all days but the last."""
    url = shared_clickhouse.url("leading_links")
    migrate(url, timeout_seconds=60, ttl_days=0)
    chance = random.Random(4)
    codes = [f"link{number:02}" for number in range(40)] + ["", OTHERS]
    weights = [600 / (number + 1) ** 1.5 for number in range(len(codes))]
    rows = []
    for _ in range(2500):
        time = FIRST + chance.random() * (NOW - FIRST)
        is_bot = chance.random() < 0.3
        visitor = time.toordinal() * 100 + chance.randrange(50)
        code = chance.choices(codes, weights)[0]
        rows.append(click_row(time, short_code=code, visitor_id=visitor, is_bot=is_bot))
    with connect(url, timeout_seconds=60) as client, pytest.MonkeyPatch.context() as patch:
        for module in (computation, statement):
            patch.setattr(module, "LEADING_LINKS", KEPT)
        for name in ("LEAST_CLICKS", "SMALL_CLICKS"):
            patch.setattr(division, name, 1)
        insert_clicks(url, *rows, *rows[::7])
        client.execute("TRUNCATE TABLE click_marks")
        for number in range(DAYS):
            Computation(url, 100).compute((FIRST + number * DAY).date())
        yield url
    with connect(url, timeout_seconds=60, database="default") as client:
        client.execute("DROP DATABASE leading_links SYNC")


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...] | None]:
    """The links that were found to lead, one by one."""
    found: list[tuple[str, ...] | None] = []

    def watch(*asked: Any) -> tuple[str, ...] | None:
        found.append(leading_links(*asked))
        return found[-1]

    monkeypatch.setattr(planning, "leading_links", watch)
    return found


def check(url: str, query: Query, now: datetime = NOW) -> Answer:
    with Reports(url, timeout_seconds=100) as reports:
        answer = reports.ask(query, now)
    with Reports(url, timeout_seconds=100, has_sums=False) as reports:
        raw = reports.ask(query, now)
    assert replace(answer, source=raw.source) == raw
    return answer


@pytest.mark.parametrize("order", ["humans", "clicks", "bots", "visitors"])
@pytest.mark.parametrize("limit", [1, 3, 6, 50])
def test_the_links_that_lead_are_those_of_all(
    url: str, led: list[object], order: Any, limit: int
) -> None:
    metrics = ("clicks", "humans", "bots", "share") if order == "bots" else None
    fields: dict[str, Any] = {"order": order, "limit": limit, "by": ("country", "link")}
    fields |= {"metrics": metrics} if metrics else {}
    check(url, Query(**fields))
    check(url, Query(since=FIRST + 4 * DAY, compare="previous", **fields))
    for kind in ("person", "bot"):
        check(url, Query(filter=Condition("kind", "=", (kind,)), **fields))
    assert len(led) == 4
    assert limit > 1 or any(led)
    assert limit < KEPT or not any(led)


def test_links_that_only_the_open_day_knows_are_found(url: str, led: list[object]) -> None:
    with connect(url, timeout_seconds=60) as client:
        insert_clicks(url, *(click_row(NOW - DAY / 8, short_code="new") for _ in range(400)))
        check(url, Query(by=("link",), limit=2))
        client.execute("DELETE FROM clicks WHERE short_code = 'new'")
    assert any("new" in (links or ()) for links in led)


@pytest.mark.parametrize("order", ["rise", "fall", "name"])
def test_where_any_link_may_be_shown_all_are_read(url: str, led: list[object], order: Any) -> None:
    check(url, Query(since=FIRST + 4 * DAY, compare="previous", by=("link",), order=order))
    assert not led


def test_frozen_sums_without_leading_links_are_read_whole(
    url: str, led: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sums.days._LEADING_REVISION", REVISION + 1)
    check(url, Query(by=("link",), limit=1))
    assert not led


@pytest.mark.parametrize("metrics", [METRICS, ("clicks", "humans", "bots")])
@pytest.mark.parametrize("by", [("country", "bot"), ("link",), ("link", "kind", "browser")])
@pytest.mark.parametrize("order", ["humans", "rise", "clicks"])
def test_of_what_is_compared_with_the_last_day_is_of_its_hours(
    url: str, by: Any, metrics: Any, order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"since": FIRST + 4 * DAY, "compare": "previous", "limit": 1}
    query = Query(by=by, metrics=metrics, order=order, **asked)
    # Which links rise is not known by those that lead.
    is_known = order != "rise" or "link" not in by
    assert check(url, query).source.sums.days == (8 if is_known else 7)
    # Of a beginning that is no full hour nothing is known.
    assert check(url, query, NOW + DAY / 100).source.sums.days == 7
    monkeypatch.setattr("app.sums.days._HOURS_REVISION", REVISION + 1)
    assert check(url, query).source.sums.days == 7


def test_a_long_period_that_still_runs_is_compared_up_to_a_full_hour(url: str) -> None:
    now = NOW + timedelta(minutes=14)
    for days, minutes in ((7, 0), (6, 14)):
        since = (now - days * DAY).replace(hour=0, minute=0, second=0)
        answer = check(url, Query(since=since, compare="previous", by=("country",)), now)
        assert answer.period_before
        assert answer.period_before.until == now.replace(minute=minutes) - (days + 1) * DAY


def test_too_many_or_too_few_lead_nowhere() -> None:
    links = [str(number) for number in range(MOST_LINKS)]
    assert leading_links(4, 5, links) == tuple(links)
    assert leading_links(5, 5, links) is None
    assert leading_links(0, 0, []) is None
    assert leading_links(4, 5, [*links, "more"]) is None
    assert leading_links(4, 5, [OTHERS]) is leading_links(4, 5, [""]) is None
