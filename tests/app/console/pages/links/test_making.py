from typing import Any

import pytest

from tests.support.console import SHORT
from tests.support.pages import Browser, text_of

EVIL = "<script>alert(1)</script>"


def test_a_link_is_made_with_all_that_the_form_says(browser: Browser, links: Any) -> None:
    answer = browser.send(
        "/links/-/new",
        target="https://example.com/a?b=c&utm_source=old",
        code="sale",
        title=f"Sale {EVIL}",
        tags="Summer sale, b",
        status="307",
        expires_at="2030-01-01T00:00Z",
        click_limit="10",
        cache_control="",
        forward_query="on",
        utm_source="mail",
        utm_campaign="may & june",
    )
    assert answer.headers["location"] == "/links/sale?made=sale"
    link = links.get("sale")
    assert link.target == "https://example.com/a?b=c&utm_source=mail&utm_campaign=may+%26+june"
    assert (link.tags, link.status, link.click_limit) == (("b", "summer-sale"), 307, 10)
    assert link.forward_query
    page = browser.follow(answer)
    assert f"{SHORT}/sale" in page.text
    assert EVIL not in page.text


@pytest.mark.parametrize(
    ("target", "built"),
    [
        ("https://example.com/?flag&a=%FF;b+c%20d", "?flag&a=%FF;b+c%20d&utm_source=mail"),
        ("https://example.com/?utm%5Fsource=old&UTM_source=x", "?UTM_source=x&utm_source=mail"),
        ("https://example.com/#part", "?utm_source=mail#part"),
        ("https://example.com/?utm_medium=kept", "?utm_medium=kept&utm_source=mail"),
    ],
)
def test_a_campaign_leaves_the_rest_of_the_target_as_it_was(
    browser: Browser, links: Any, target: str, built: str
) -> None:
    browser.send("/links/-/new", target=target, code="sale", utm_source=" mail ")
    assert links.get("sale").target == f"https://example.com/{built}"


def test_the_form_comes_back_with_what_was_wrong_and_what_was_written(browser: Browser) -> None:
    answer = browser.send(
        "/links/-/new", target="javascript:alert(1)", code="a b", title="kept", click_limit="many"
    )
    assert answer.status_code == 422
    text = text_of(answer)
    assert "3 fields can't be used" in text
    for part in ('value="kept"', 'value="javascript:alert(1)"', 'value="many"'):
        assert part in answer.text
    assert answer.text.count('aria-invalid="true"') == 3


def test_a_taken_code_is_said_beside_the_code(browser: Browser, links: Any) -> None:
    links.create({"target": "https://example.com/"}, code="sale")
    answer = browser.send("/links/-/new", target="https://example.com/", code="sale")
    assert answer.status_code == 409
    assert "choose another" in text_of(answer)


@pytest.mark.parametrize("code", ["new", "bulk", "_-"])
def test_no_code_hides_a_page_or_is_hidden_by_one(browser: Browser, links: Any, code: str) -> None:
    links.create({"target": "https://example.com/", "title": "mine"}, code=code)
    assert "mine" in text_of(browser.get(f"/links/{code}"))


def test_a_bookmark_fills_the_form_in(browser: Browser) -> None:
    page = browser.get("/links/-/new?target=https://example.com/&title=Read+later")
    assert 'value="Read later"' in page.text


@pytest.mark.parametrize(
    "body", [b"\xff\x00=%ff%00&target=%00", b"target=" + b"a" * 70_000, b"&" * 5]
)
def test_odd_bodies_are_refused_with_words(browser: Browser, body: bytes) -> None:
    headers = browser._headers({"Content-Type": "application/x-www-form-urlencoded"})
    answer = browser.client.simulate_post("/links/-/new", body=body, headers=headers)
    assert answer.status_code in (403, 413)
    answer = browser.client.simulate_post("/links/-/new", body=body, headers=browser._headers({}))
    assert answer.status_code == 415
