from datetime import UTC, datetime
from typing import Any

import pytest

from app.links.link import version
from tests.support.clicks import click_row, insert_clicks
from tests.support.pages import Browser, text_of

FIELDS = {"target": "https://example.com/new", "status": "302", "act": "save"}


@pytest.fixture
def link(links: Any) -> Any:
    return links.create(
        {"target": "https://example.com/old", "title": "Old", "click_limit": 4}, code="abc"
    )


def test_a_page_shows_settings_uses_and_what_a_visitor_gets(browser: Browser, link: Any) -> None:
    text = text_of(browser.get("/links/abc"))
    assert "0 of 4 clicks used" in text
    assert "302 Found Location: https://example.com/old Cache-Control: private" in text
    assert "ClickHouse is away" in text


def test_figures_are_of_this_link_alone(reporting: Browser, link: Any, migrated_url: str) -> None:
    now = datetime.now(UTC)
    insert_clicks(migrated_url, click_row(now), click_row(now), click_row(now, short_code="other"))
    text = text_of(reporting.get("/links/abc"))
    assert "People 2" in text
    assert "Ledger balanced" in text
    assert "New links" not in text


def test_a_link_is_changed_and_the_change_stands_in_its_history(
    browser: Browser, links: Any, link: Any
) -> None:
    answer = browser.send("/links/abc", version=version(link), title="New", **FIELDS)
    page = browser.follow(answer)
    assert "Saved." in text_of(page)
    held = links.get("abc")
    assert (held.target, held.title, held.click_limit) == ("https://example.com/new", "New", None)
    assert "target: https://example.com/old → https://example.com/new" in text_of(page)


def test_what_it_was_can_be_restored(browser: Browser, links: Any, link: Any) -> None:
    browser.send("/links/abc", version=version(link), **FIELDS)
    page = browser.get("/links/abc")
    act = page.text.split('value="restore:')[1].split('"')[0]
    browser.send("/links/abc", act=f"restore:{act}")
    assert links.get("abc").target == "https://example.com/old"


def test_nobody_overwrites_what_another_has_just_saved(
    browser: Browser, links: Any, link: Any
) -> None:
    seen = version(link)
    links.update("abc", {"title": "Theirs"})
    answer = browser.send("/links/abc", version=seen, title="Mine", **FIELDS)
    assert answer.status_code == 412
    assert "changed by somebody else" in text_of(answer)
    assert 'value="Mine"' in answer.text
    assert links.get("abc").title == "Theirs"


def test_faults_come_back_with_the_form_open(browser: Browser, link: Any) -> None:
    answer = browser.send("/links/abc", target="ftp://x", status="302", act="save")
    assert answer.status_code == 422
    assert 'open id="settings"' in answer.text


def test_it_is_switched_off_and_on(browser: Browser, links: Any, link: Any) -> None:
    browser.send("/links/abc", act="disable")
    assert links.get("abc").disabled
    assert "410 Gone" in text_of(browser.get("/links/abc"))
    browser.send("/links/abc", act="enable")
    assert not links.get("abc").disabled


def test_what_is_not_there_has_a_page_that_says_so(browser: Browser, links: Any, link: Any) -> None:
    assert "There is no such link" in text_of(browser.get("/links/nothing"))
    links.delete("abc")
    answer = browser.get("/links/abc")
    assert answer.status_code == 410
    assert "The link was deleted" in text_of(answer)


def test_a_target_that_another_program_wrote_is_no_way_to_run_scripts(
    browser: Browser, links: Any
) -> None:
    links._client.set(
        "link:evil", b'{"target":"javascript:alert(1)","created_ms":1,"updated_ms":1}'
    )
    page = browser.get("/links/evil")
    assert 'href="javascript:' not in page.text


def test_the_chart_marks_where_the_target_changed(
    reporting: Browser, links: Any, link: Any, migrated_url: str
) -> None:
    assert "data-mark" not in reporting.get("/links/abc").text
    links.update("abc", {"title": "no other target"})
    assert "data-mark" not in reporting.get("/links/abc").text
    links.update("abc", {"target": "https://example.com/?a=1&b='2'"})
    page = reporting.get("/links/abc?period=7d")
    assert page.text.count(" data-mark>") == 1
    assert f"target changed to {links.get('abc').target}" in text_of(page)
    assert page.text.count('<line class="mark"') == 1
    past = reporting.get("/links/abc?since=2026-01-01&to=2026-01-05")
    assert past.status_code == 200
    assert "data-mark" not in past.text
