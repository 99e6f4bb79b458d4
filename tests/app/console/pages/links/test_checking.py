from typing import Any

from app.keys.store import KeyStore
from tests.support.pages import Browser


def check(browser: Browser, **fields: Any) -> Any:
    return browser.send("/links/-/check", page="/links/-/new", **fields).json


def test_a_new_links_form_is_checked_while_it_is_filled_in(browser: Browser, links: Any) -> None:
    links.create({"target": "https://example.com/"}, code="sale")
    told = check(browser, target="https://example.com/x", code="sale", click_limit="many")
    assert told["faults"].keys() == {"code", "click_limit"}
    told = check(browser, target="https://example.com/x", code="free", utm_source="mail")
    assert told == {
        "faults": {},
        "notes": {
            "code": "This code is free.",
            "target": "Leads to https://example.com/x?utm_source=mail",
        },
    }
    assert links.links.count() == 1


def test_a_links_settings_are_checked_as_a_change_of_it(browser: Browser, links: Any) -> None:
    links.create({"target": "https://example.com/"}, code="sale")
    told = check(browser, of="sale", target="https://example.com/", tags="a?")
    assert told["faults"].keys() == {"tags"}
    assert check(browser, of="sale", target="https://example.com/") == {"faults": {}, "notes": {}}
    links.delete("sale")
    gone = browser.send("/links/-/check", page="/links/-/new", of="sale")
    assert gone.status_code == 410


def test_who_may_not_see_a_link_learns_nothing_of_it(
    guarded: Browser, links: Any, keys: KeyStore
) -> None:
    links.create({"target": "https://example.com/secret", "tags": "other"}, code="theirs")
    _, credential = keys.add("own", ("links:read", "links:write"), tags=("own",))
    guarded.send("/sign-in", key=credential.text)
    told = check(guarded, target="https://example.com/secret", tags="own", code="theirs")
    assert told == {"faults": {"code": "This code is taken."}, "notes": {}}
    links.create({"target": "https://example.com/", "tags": "other"}, code="gone")
    links.delete("gone")
    for code in ("theirs", "gone"):
        told = check(guarded, target="https://example.com/", tags="own", code=code)
        assert told["faults"] == {"code": "This code is taken."}
        hidden = guarded.send("/links/-/check", page="/links/-/new", of=code, target="")
        assert hidden.status_code == 404
    _, reader = keys.add("reader", ("links:read",))
    guarded.send("/sign-in", key=reader.text)
    assert guarded.post("/links/-/check", target="x").status_code == 403


def test_a_form_of_another_page_is_not_answered(browser: Browser) -> None:
    assert browser.post("/links/-/check", target="https://example.com/").status_code == 403
