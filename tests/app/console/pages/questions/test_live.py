from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from app.keys.store import KeyStore
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.pages import Browser, text_of


@pytest.fixture
def clicked(reporting: Browser, links: Any, migrated_url: str) -> Browser:
    links.create({"target": "https://example.com/"}, code="abc")
    now = datetime.now(UTC).replace(microsecond=0)
    insert_clicks(
        migrated_url,
        *(click_row(now - timedelta(minutes=5)) for _ in range(2)),
        click_row(now - timedelta(minutes=5), short_code="other"),
        bot_row(now - timedelta(minutes=6)),
        click_row(now - timedelta(hours=2)),
    )
    return reporting


def test_it_shows_the_last_half_hour_by_the_minute(clicked: Browser) -> None:
    page = clicked.get("/live")
    told = text_of(page)
    assert "People 3" in told
    assert "Bots 1" in told
    assert page.text.count("data-x=") in (31, 32)


def test_it_asks_for_events_of_what_was_chosen(clicked: Browser) -> None:
    page = clicked.get("/live?code=abc&humans=1&tz=Asia%2FKathmandu")
    assert 'data-events="/api/v1/clicks/live?code=abc&humans=1"' in unescape(page.text)
    assert "People 2" in text_of(page)
    assert "Time (Asia/Kathmandu)" in text_of(page)
    assert 'data-tz="Asia/Kathmandu"' in page.text


def test_who_may_not_see_clicks_is_not_let_in(guarded: Browser, keys: KeyStore) -> None:
    _, credential = keys.add("reader", ("stats:read",))
    guarded.send("/sign-in", key=credential.text, next="/")
    assert guarded.get("/live").status_code == 403
    assert 'href="/live"' not in guarded.get("/").text


def test_who_sees_clicks_and_no_reports_sees_clicks(guarded: Browser, keys: KeyStore) -> None:
    _, credential = keys.add("watcher", ("clicks:read",))
    guarded.send("/sign-in", key=credential.text, next="/")
    page = guarded.get("/live")
    assert page.status_code == 200
    assert "The last 30 minutes" not in page.text
    assert "data-events" in page.text


def test_what_cant_be_asked_is_named(reporting: Browser) -> None:
    assert reporting.get("/live?tz=Mars").status_code == 400
    assert reporting.get("/live?code=a&tag=b").status_code == 400


def test_without_clickhouse_clicks_still_come(browser: Browser) -> None:
    page = browser.get("/live")
    assert "ClickHouse is away" in text_of(page)
    assert "data-events" in page.text
