import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app.changes.trail import Trail
from app.keys.store import KeyStore
from app.links.index.file import IndexFile
from app.links.index.follower import Follower
from app.links.index.index import LinkIndex
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.clicks import click_row, insert_clicks
from tests.support.console import Broken, client_of
from tests.support.pages import Browser, text_of

EVIL = "<b onmouseover=alert(1)>"


@pytest.fixture
def shelf(links: Any) -> Any:
    links.create({"target": "https://example.com/one", "title": EVIL, "tags": "a"}, code="one")
    links.create({"target": "https://example.com/two", "tags": "a,b"}, code="two")
    links.create({"target": "https://example.org/three", "disabled": True}, code="three")
    return links


def test_links_are_listed_whether_clickhouse_is_there_or_not(browser: Browser, shelf: Any) -> None:
    page = browser.get("/links")
    text = text_of(page)
    assert "ClickHouse is away" in text
    assert [code in text for code in ("/one", "/two", "/three")] == [True] * 3
    assert EVIL not in page.text


def test_search_tag_and_state_are_chips_that_can_be_taken_away(
    browser: Browser, shelf: Any
) -> None:
    page = browser.get("/links?q=EXAMPLE.com&tag=b&state=live")
    assert 'id="l-two"' in page.text
    assert 'id="l-one"' not in page.text
    assert 'href="/links?q=EXAMPLE.com&amp;state=live"' in page.text
    assert "No link matches" in text_of(browser.get("/links?q=nothing"))


def test_a_list_without_links_says_how_to_begin(browser: Browser) -> None:
    page = browser.get("/links")
    assert "No links yet" in text_of(page)
    assert "hopline links import FILE" in text_of(page)
    assert 'href="/links/-/import"' in page.text


def test_what_people_clicked_stands_beside_each_link(
    reporting: Browser, shelf: Any, migrated_url: str
) -> None:
    now = datetime.now(UTC)
    insert_clicks(migrated_url, *(click_row(now, short_code="two") for _ in range(7)))
    assert "live 7 –" in text_of(reporting.get("/links?q=two"))


def test_each_link_has_a_line_of_its_days(
    reporting: Browser, shelf: Any, migrated_url: str
) -> None:
    now = datetime.now(UTC)
    insert_clicks(
        migrated_url,
        *(click_row(now - timedelta(days=10), short_code="two") for _ in range(5)),
        click_row(now, short_code="two"),
        click_row(now - timedelta(days=40), short_code="one"),
    )
    page = reporting.get("/links")
    lines = re.findall(
        r'<svg class="spark"[^>]*aria-label="([^"]*)"><polyline points="([^"]*)"', page.text
    )
    [(told, points)] = lines
    assert told == "People by day, at most 5"
    assert [point.split(",")[1] for point in points.split()].count("1.0") == 1
    assert len(points.split()) == 30
    assert "Clicks of people, exact, as of" in text_of(page)


def test_longer_lists_have_pages(browser: Browser, links: Any) -> None:
    for number in range(60):
        links.create({"target": "https://example.com/"}, code=f"n{number}")
    first = browser.get("/links")
    assert first.text.count('name="code" value=') == 50
    following = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert browser.get(following).text.count('name="code" value=') == 10


def test_what_is_no_search_is_a_page_that_says_so(browser: Browser) -> None:
    answer = browser.get("/links?state=odd")
    assert answer.status_code == 400
    assert "odd" in text_of(answer)


def test_who_sees_some_links_sees_no_others(guarded: Browser, keys: KeyStore, shelf: Any) -> None:
    _, credential = keys.add("b only", ("links:read",), tags=("b",))
    guarded.send("/sign-in", key=credential.text)
    page = guarded.get("/links")
    assert 'id="l-two"' in page.text
    assert "/one" not in page.text
    assert 'name="act"' not in page.text
    assert guarded.get("/links/one").status_code == 404
    assert guarded.get("/links/-/new").status_code == 403


@pytest.fixture
def indexed(links: Any, shelf: Any, redis_url: str, tmp_path: Path) -> Browser:
    """One whose console has an index of the links."""
    file = IndexFile(tmp_path / "links.db")
    index = LinkIndex(file, links, Follower(file, links, Trail(links._client, redis_url)))
    index.follower.fill()
    return Browser(client_of(Broken(ClickHouseUnavailable("away")), links, index=index))


def codes_in(page: Any) -> list[str]:
    return re.findall(r'<tr id="l-([^"]+)"', page.text)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("sort=code", ["one", "three", "two"]),
        ("sort=code&order=desc", ["two", "three", "one"]),
        ("tag=a,b&sort=code", ["one", "two"]),
        ("tag_all=a,b", ["two"]),
        ("tag_none=b&sort=code", ["one", "three"]),
        ("tag=a&tag_none=b", ["one"]),
    ],
)
def test_tags_and_order_are_as_the_address_says(
    indexed: Browser, asked: str, found: list[str]
) -> None:
    assert codes_in(indexed.get(f"/links?{asked}")) == found


def test_each_tag_and_the_order_are_chips_of_their_own(indexed: Browser) -> None:
    page = indexed.get("/links?tag_all=a,b&tag_none=c&sort=code&order=desc")
    for without in (
        "tag_none=c&amp;sort=code&amp;order=desc&amp;tag_all=b",
        "tag_none=c&amp;sort=code&amp;order=desc&amp;tag_all=a",
        "tag_all=a,b&amp;sort=code&amp;order=desc",
        "tag_all=a,b&amp;tag_none=c",
    ):
        assert f'href="/links?{without}"' in page.text
    assert '<option value="code" selected>' in page.text


@pytest.mark.parametrize("asked", ["sort=luck", "order=up", "tag_all=%00", "tag_none=a%00b"])
def test_an_order_or_tag_that_is_none_is_named(browser: Browser, asked: str) -> None:
    answer = browser.get(f"/links?{asked}")
    assert answer.status_code == 400
    assert asked.partition("=")[0] in text_of(answer)


def test_the_export_is_of_what_the_list_shows(indexed: Browser) -> None:
    page = indexed.get("/links?tag=a&sort=code&order=desc&done=yes")
    href = unescape(page.text.split(" download>")[0].rsplit('href="', 1)[1].split('"')[0])
    answer = indexed.get(href)
    assert [line.split(",")[0] for line in answer.text.splitlines()] == ["code", "two", "one"]


def test_a_list_that_takes_the_index_says_so_where_there_is_none(browser: Browser) -> None:
    answer = browser.get("/links?sort=clicks")
    assert answer.status_code == 503
    assert "index" in text_of(answer)
