from typing import Any

import pytest

from app.links import numbered
from app.links.link import Link
from app.links.numbered import TooManyLinks, all_newest, find_same, matching, page_of
from app.links.store import open_store


@pytest.fixture
def store(make_settings: Any, redis_url: str) -> Any:
    return open_store(make_settings(redis_url=redis_url))


@pytest.fixture
def five(store: Any) -> Any:
    """A store of links a to e, made in that order; every second one is tagged."""
    for n, code in enumerate("abcde"):
        options = {"target": f"https://example.com/{9 - n}", "tags": "even" if n % 2 == 0 else ""}
        store.create(options, code=code)
    return store


def codes(links: Any) -> str:
    return "".join(link.code for link in links)


def anything(_link: Link, _uses: int) -> bool:
    return True


def test_all_links_have_their_places(five: Any) -> None:
    assert codes(all_newest(five, size=2, skipped=0).links) == "ed"
    assert codes(all_newest(five, size=2, skipped=4).links) == "a"
    five.delete("e")
    page = all_newest(five, size=3, skipped=0)
    assert (codes(page.links), page.total, page.is_bounded) == ("dcb", 4, False)
    assert all_newest(five, size=2, skipped=10**12).links == []


def test_links_that_match_are_in_the_order_that_is_wanted(five: Any) -> None:
    found = matching(five, anything)
    assert codes(found.links) == "edcba"
    page = page_of(found, size=2, skipped=1, key=lambda link: link.target)
    assert (codes(page.links), page.total) == ("dc", 5)
    falling = page_of(found, size=9, skipped=0, key=lambda link: link.code, is_falling=True)
    assert codes(falling.links) == "edcba"
    assert codes(matching(five, anything, tag="even").links) == "eca"
    assert codes(matching(five, lambda link, _: link.code > "c").links) == "ed"


def test_the_newest_alone_are_looked_at_and_that_is_said(
    five: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbered, "_PIECE", 2)
    found = matching(five, anything, most=4)
    assert (codes(found.links), found.is_bounded) == ("edcb", True)
    found = matching(five, anything, most=6)
    assert (codes(found.links), found.is_bounded) == ("edcba", False)
    page = page_of(matching(five, anything, most=2), size=1, skipped=0)
    assert (page.total, page.is_bounded) == (2, True)


def test_a_link_like_another_is_found(five: Any) -> None:
    wanted = five.draft({"target": "https://example.com/9", "tags": "even"}, code="x")
    found = find_same(five, wanted, ["tags"], anything)
    assert found is not None
    assert found.code == "a"
    assert find_same(five, wanted, ["tags"], lambda link, _: link.code != "a") is None
    untagged = five.draft({"target": "https://example.com/9"}, code="x")
    assert find_same(five, untagged, ["tags"], anything) is None
    assert find_same(five, untagged, [], anything) == found


def test_what_nobody_has_looked_at_is_not_said_to_be_missing(
    five: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbered, "_PIECE", 2)
    few = numbered.matching
    monkeypatch.setattr(numbered, "matching", lambda *args, **kwargs: few(*args, **kwargs, most=2))
    wanted = five.draft({"target": "https://example.com/9"}, code="x")
    with pytest.raises(TooManyLinks, match="none of the newest"):
        find_same(five, wanted, [], anything)
