"""The thread that keeps the search index of links fresh."""

from pathlib import Path
from typing import Any

import pytest

from app.changes.trail import Trail
from app.console.index_upkeep import IndexUpkeep
from app.links.index.file import IndexFile
from app.links.index.follower import Follower, LinkClicks
from app.links.index.index import LinkIndex
from app.links.index.journal import count
from app.links.index.question import Question
from app.stores.clickhouse.connection import ClickHouseUnavailable


@pytest.fixture
def index(links: Any, redis_url: str, tmp_path: Path) -> LinkIndex:
    file = IndexFile(tmp_path / "links.db")
    return LinkIndex(file, links, Follower(file, links, Trail(links._client, redis_url)))


def test_links_and_their_clicks_are_taken_in(links: Any, index: LinkIndex) -> None:
    links.create({"target": "https://example.com/"}, code="x")
    upkeep = IndexUpkeep(index.follower, lambda: [LinkClicks("x", 3, 5)], wall=lambda: 7.0)
    assert upkeep.work() > 0
    found = index.find(Question(), limit=1)
    assert (found.hits[0].clicks, found.hits[0].last_click_ms, found.clicks_as_of) == (3, 5, 7.0)


def test_without_clickhouse_clicks_stay_as_they_were_and_links_are_fresh(
    links: Any, index: LinkIndex
) -> None:
    now = 0.0

    def away() -> list[LinkClicks]:
        raise ClickHouseUnavailable("away")

    IndexUpkeep(index.follower, list, wall=lambda: 7.0).work()
    upkeep = IndexUpkeep(index.follower, away, clock=lambda: now)
    waits = upkeep.work()
    links.create({"target": "https://example.com/"}, code="x")
    assert upkeep.work() < waits
    found = index.find(Question(), limit=1)
    assert (found.hits[0].link.code, found.clicks_as_of) == ("x", 7.0)


def test_clicks_are_counted_again_the_later_the_longer_that_takes(index: LinkIndex) -> None:
    now, counted = 0.0, list[float]()

    def count() -> list[LinkClicks]:
        nonlocal now
        counted.append(now)
        now += 10
        return []

    upkeep = IndexUpkeep(index.follower, count, clock=lambda: now)
    upkeep.work()
    for now in range(11, 400, 1):  # noqa: B007 - the clock reads it
        upkeep.work()
        if len(counted) > 1:
            break
    assert counted == [0, 200]


def test_a_trail_that_was_cut_has_it_filled_anew(links: Any, index: LinkIndex) -> None:
    links.create({"target": "https://example.com/"}, code="x")
    upkeep = IndexUpkeep(index.follower, list)
    upkeep.work()
    links._client.delete("{api}:changes")
    links.create({"target": "https://example.com/"}, code="y")
    assert upkeep.work() == 0
    upkeep.work()
    assert len(index.find(Question(), limit=9).hits) == 2


def test_while_a_bulk_is_at_work_links_wait_a_while_but_not_for_whoever_asks(
    links: Any, index: LinkIndex
) -> None:
    now, is_busy = 0.0, True
    upkeep = IndexUpkeep(index.follower, list, clock=lambda: now, is_busy=lambda: is_busy)
    upkeep.work()
    links.create({"target": "https://example.com/"}, code="x")
    upkeep.work()
    assert _held(index) == 0
    assert [hit.link.code for hit in index.find(Question(), limit=9).hits] == ["x"]
    links.create({"target": "https://example.com/"}, code="y")
    now = 60.0
    upkeep.work()
    assert _held(index) == 2
    links.create({"target": "https://example.com/"}, code="z")
    upkeep.work()
    assert _held(index) == 2
    is_busy = False
    upkeep.work()
    assert _held(index) == 3


def _held(index: LinkIndex) -> int:
    with index._file.reading() as file:
        return count(file)


def test_it_tells_for_how_long_changes_may_be_missing(index: LinkIndex) -> None:
    now = 10.0
    upkeep = IndexUpkeep(index.follower, list, clock=lambda: now)
    now = 15.0
    assert upkeep.behind_seconds() == 5.0
    upkeep.work()
    assert upkeep.behind_seconds() == 0.0
    now = 17.0
    assert upkeep.behind_seconds() == 2.0
