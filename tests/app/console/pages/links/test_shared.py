import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.keys.store import KeyStore
from app.links.shares import MOST
from tests.support.clicks import click_row, insert_clicks
from tests.support.console import TOKEN
from tests.support.pages import Browser, text_of

_ADDRESS = re.compile(r'id="shared" readonly value="[^"]*?(/shared/[^"]+)"')


def shared(browser: Browser, code: str = "abc") -> str:
    """Share a link's report as its page does; return the address that it shows."""
    made = browser.send(f"/links/{code}", act="share")
    assert made.status_code == 200, made.text
    found = _ADDRESS.search(made.text)
    assert found
    return found[1]


@pytest.fixture
def link(links: Any) -> Any:
    return links.create({"target": "https://example.com/secret", "title": "Our sale"}, code="abc")


@pytest.fixture
def clicked(reporting: Browser, link: Any, migrated_url: str) -> Browser:
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    insert_clicks(
        migrated_url,
        *(click_row(then, user_agent="Mozilla/5.0 (one)", country="DE") for _ in range(3)),
        click_row(then, short_code="other", user_agent="", country="FR"),
    )
    return reporting


def test_whoever_has_the_address_sees_the_figures_of_that_link(clicked: Browser) -> None:
    address = shared(clicked)
    page = Browser(clicked.client).get(address)
    told = text_of(page)
    assert "People 3" in told
    assert "Our sale" in told
    assert "France" not in told
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["cache-control"] == "no-store"


def test_they_see_nothing_else_and_can_change_nothing(guarded: Browser, link: Any) -> None:
    guarded.send("/sign-in", key=TOKEN, next="/")
    address = shared(guarded)
    stranger = Browser(guarded.client)
    page = stranger.get(address)
    assert page.status_code == 200
    assert "form_token" not in page.text
    assert "https://example.com/secret" not in page.text
    assert not re.search(r'href="/(links|tags|explore|api)', page.text)
    assert stranger.post(address, act="delete").status_code == 405
    assert stranger.get("/links/abc").status_code == 303


@pytest.mark.parametrize(
    "asked",
    ["user_agent~one", "asn=1", "link=other", "country=DE or user_agent~one", "referrer_url~x"],
)
def test_a_filter_finds_out_nothing_that_isnt_shown(clicked: Browser, asked: str) -> None:
    address = shared(clicked)
    assert (
        clicked.client.simulate_get(
            address, params={"filter": asked}, headers={"Accept": "text/html"}
        ).status_code
        == 400
    )
    assert "People 3" in text_of(clicked.get(f"{address}?filter=country%3DDE"))


def test_an_address_is_shown_once_and_can_be_taken_back(browser: Browser, link: Any) -> None:
    address = shared(browser)
    page = browser.get("/links/abc").text
    assert address.rpartition("/")[2] not in page
    (act,) = re.findall(r'value="(unshare:[0-9a-f]+)"', page)
    assert browser.get(address).status_code == 200
    for _ in range(2):
        assert browser.send("/links/abc", act=act).status_code == 303
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize("guess", ["/shared/abc/x", "/shared/abc/" + "a" * 5000, "/shared/abc/%00"])
def test_a_guess_shows_nothing(browser: Browser, link: Any, guess: str) -> None:
    shared(browser)
    assert browser.get(guess).status_code == 404


def test_what_was_shared_of_a_deleted_link_is_gone(browser: Browser, links: Any, link: Any) -> None:
    address = shared(browser)
    links.delete("abc")
    assert browser.get(address).status_code == 404


def test_who_may_not_see_reports_can_share_none(
    guarded: Browser, keys: KeyStore, link: Any
) -> None:
    _, credential = keys.add("editor", ("links:read", "links:write"))
    guarded.send("/sign-in", key=credential.text, next="/")
    assert guarded.send("/links/abc", act="share").status_code == 403
    assert "Share the report" not in guarded.get("/links/abc").text


def test_a_link_with_many_shares_gets_no_more_and_says_so(browser: Browser, link: Any) -> None:
    for _ in range(MOST):
        shared(browser)
    refused = browser.send("/links/abc", act="share")
    assert refused.status_code == 409
    assert "take one back first" in text_of(refused)
