from typing import Any

import pytest

from app.keys.store import KeyStore
from tests.support.clicks import click_row, insert_clicks
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
    assert "No links yet" in text_of(browser.get("/links"))


def test_what_people_clicked_stands_beside_each_link(
    reporting: Browser, shelf: Any, migrated_url: str
) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    now = datetime.now(UTC)
    insert_clicks(migrated_url, *(click_row(now, short_code="two") for _ in range(7)))
    assert "live 7" in text_of(reporting.get("/links?q=two"))


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
