from typing import Any

import pytest

from app.links.link import LinkNotFound
from tests.support.pages import Browser, text_of


@pytest.fixture
def shelf(links: Any) -> Any:
    for code in ("one", "two", "three"):
        links.create({"target": "https://example.com/", "tags": "old"}, code=code)
    return links


def act(browser: Browser, codes: list[str], act: str, **fields: str) -> Any:
    """Ask for it, and say yes."""
    asked = browser.send("/links/-/bulk", page="/links", code=codes, act=act, **fields)
    assert f"{len(codes)} link" in text_of(asked)
    return browser.send(
        "/links/-/bulk", page="/links", code=codes, act=act, count=len(codes), **fields
    )


def test_nothing_is_done_before_the_count_was_seen(browser: Browser, shelf: Any) -> None:
    asked = browser.send("/links/-/bulk", page="/links", code=["one", "two"], act="delete")
    assert "Delete: 2 links?" in text_of(asked)
    assert not shelf.get("one").deleted
    other = browser.send("/links/-/bulk", page="/links", code=["one", "two"], act="delete", count=3)
    assert other.status_code == 200
    assert not shelf.get("one").deleted


def test_links_are_switched_tagged_and_deleted(browser: Browser, shelf: Any) -> None:
    assert "2 links disabled" in text_of(browser.follow(act(browser, ["one", "two"], "disable")))
    assert shelf.get("two").disabled
    act(browser, ["one", "two"], "enable")
    assert not shelf.get("two").disabled
    act(browser, ["one"], "tag", tag="New One")
    assert shelf.get("one").tags == ("new-one", "old")
    act(browser, ["one"], "untag", tag="old")
    assert shelf.get("one").tags == ("new-one",)
    act(browser, ["three"], "delete")
    assert shelf.get("three").deleted


def test_those_that_could_not_be_changed_are_named(browser: Browser, shelf: Any) -> None:
    shelf.delete("two")
    text = text_of(browser.follow(act(browser, ["one", "two"], "disable")))
    assert "1 link disabled. Not these: /two" in text
    with pytest.raises(LinkNotFound):
        shelf.get("nothing")


def test_a_tag_that_cannot_be_is_said(browser: Browser, shelf: Any) -> None:
    for tag in ("", "<b>"):
        asked = browser.send(
            "/links/-/bulk", page="/links", code=["one"], act="tag", tag=tag, count=1
        )
        assert asked.status_code == 200
        assert shelf.get("one").tags == ("old",)


def test_what_nobody_can_choose_is_refused(browser: Browser, shelf: Any) -> None:
    assert browser.send("/links/-/bulk", page="/links", act="burn", code="one").status_code == 400
    none = browser.send("/links/-/bulk", page="/links", act="delete")
    assert "No link was chosen" in text_of(browser.follow(none))
