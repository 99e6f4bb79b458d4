from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.keys.store import KeyStore
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.pages import Browser, text_of

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def clicked(reporting: Browser, links: Any, migrated_url: str) -> Browser:
    links.create({"target": "https://example.com/"}, code="abc")
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    more: dict[str, Any] = {"referrer": EVIL, "city": EVIL, "reasons": ""}
    insert_clicks(
        migrated_url,
        *(click_row(now - timedelta(seconds=number), **more) for number in range(60)),
        bot_row(now, **{**more, "reasons": "user_agent,headless"}),
        click_row(now, short_code="other", **{**more, "city": "elsewhere"}),
    )
    return reporting


def test_clicks_are_told_one_by_one_with_why_they_count(clicked: Browser) -> None:
    page = clicked.get("/links/abc/clicks")
    text = text_of(page)
    assert "bot Googlebot user_agent, headless" in text
    assert "Germany" in text
    assert "elsewhere" not in text
    assert EVIL not in page.text
    assert page.text.count(">Explain<") == 50


def test_older_clicks_are_on_further_pages(clicked: Browser) -> None:
    first = clicked.get("/links/abc/clicks")
    following = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert clicked.get(following).text.count(">Explain<") == 11


def test_filters_and_zone_hold_for_the_list(clicked: Browser) -> None:
    page = clicked.get("/links/abc/clicks?filter=verdict%3Dbot&tz=Asia/Kathmandu")
    assert page.text.count(">Explain<") == 1
    assert "Time (Asia/Kathmandu)" in text_of(page)
    assert "No clicks match" in text_of(clicked.get("/links/abc/clicks?filter=country%3DXX"))


def test_what_is_no_place_is_named(clicked: Browser) -> None:
    answer = clicked.get("/links/abc/clicks?after=x")
    assert (answer.status_code, "after :" in text_of(answer)) == (400, True)


def test_without_clickhouse_the_page_says_so(browser: Browser, links: Any) -> None:
    links.create({"target": "https://example.com/"}, code="abc")
    assert "ClickHouse is away" in text_of(browser.get("/links/abc/clicks"))


def test_single_clicks_take_a_right_of_their_own(
    guarded: Browser, keys: KeyStore, links: Any
) -> None:
    links.create({"target": "https://example.com/"}, code="abc")
    _, credential = keys.add("reports", ("links:read", "stats:read"))
    guarded.send("/sign-in", key=credential.text)
    assert guarded.get("/links/abc/clicks").status_code == 403
    assert "Single clicks" not in text_of(guarded.get("/links/abc"))
