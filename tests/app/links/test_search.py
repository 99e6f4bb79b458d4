"""Links found page by page."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest

from app.links import search as search_module
from app.links.link import Link
from app.links.ranks import Entry
from app.links.search import Criteria, search
from app.links.store import LinkStore, open_store
from app.stores.keys import link_uses_key
from app.stores.redis.client import connect

NOW = 1_800_000_000.0


@pytest.fixture
def store(make_settings: Callable[..., Any], redis_url: str) -> LinkStore:
    return open_store(make_settings(redis_url=redis_url))


def fill(store: LinkStore, count: int, **given: object) -> None:
    """Make links ``l0`` and so on, two of a moment."""
    drafts = [
        store.draft({"target": f"https://example.com/{number}", **given}, code=f"l{number}")
        for number in range(count)
    ]
    aged = [
        Link(
            **{name: getattr(draft, name) for name in Link.__slots__ if name != "created_ms"},
            created_ms=1_000 + number // 2,
        )
        for number, draft in enumerate(drafts)
    ]
    assert store.put_new(aged) == [None] * count


def pages(store: LinkStore, criteria: Criteria, limit: int) -> Iterator[list[str]]:
    after: Entry | None = None
    while True:
        found = search(store, criteria, limit=limit, now=NOW, after=after)
        yield [link.code for link, _ in found.links]
        after = found.after
        if after is None:
            return


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_hold_every_link_once_newest_first(store: LinkStore, limit: int) -> None:
    fill(store, 7)
    shown = list(pages(store, Criteria(), limit))
    assert all(0 < len(page) <= limit for page in shown)
    expected = [link.code for link in store.links.scan()]
    assert list(chain.from_iterable(shown)) == expected
    assert sorted(expected) == [f"l{number}" for number in range(7)]


def test_no_links_are_one_empty_page(store: LinkStore) -> None:
    assert list(pages(store, Criteria(), 5)) == [[]]


def test_what_is_made_or_deleted_between_pages_shifts_none(store: LinkStore) -> None:
    fill(store, 10)
    first = search(store, Criteria(), limit=4, now=NOW)
    store.create({"target": "https://example.com/new"}, code="new")
    store.delete(first.links[-1][0].code)
    store.delete(first.links[0][0].code)
    rest = search(store, Criteria(), limit=50, now=NOW, after=first.after)
    codes = [link.code for link, _ in (*first.links, *rest.links)]
    assert sorted(codes) == sorted(f"l{number}" for number in range(10))


def test_links_are_found_by_text_in_code_target_and_title(store: LinkStore) -> None:
    store.create({"target": "https://example.com/Autumn"}, code="a1")
    store.create({"target": "https://example.com/", "title": "AUTUMN sale"}, code="a2")
    store.create({"target": "https://example.com/"}, code="autumn")
    store.create({"target": "https://example.com/", "tags": ["autumn"]}, code="a4")
    found = search(store, Criteria(text="aUtumn"), limit=9, now=NOW)
    assert {link.code for link, _ in found.links} == {"a1", "a2", "autumn"}


def test_links_are_found_by_state(store: LinkStore, redis_url: str) -> None:
    target = {"target": "https://example.com/"}
    store.create(target, code="live")
    store.create({**target, "disabled": True}, code="disabled")
    store.create({**target, "expires_at": int(NOW)}, code="expired")
    store.create({**target, "click_limit": 2}, code="used_up")
    store.create(target, code="deleted")
    store.delete("deleted")
    with connect(redis_url, timeout_seconds=30) as redis:
        redis.set(link_uses_key("used_up"), 2)
    for state in ("live", "disabled", "expired", "used_up"):
        found = search(store, Criteria(state=state), limit=9, now=NOW)
        assert [link.code for link, _ in found.links] == [state]
    assert search(store, Criteria(state="used_up"), limit=9, now=NOW).links[0][1] == 2


def test_links_are_found_by_a_tag_and_by_one_of_several(store: LinkStore) -> None:
    for code, tags in (("a", ["x"]), ("b", ["y"]), ("c", ["x", "y"]), ("d", ["z"]), ("e", [])):
        store.create({"target": "https://example.com/", "tags": tags}, code=code)

    def codes(criteria: Criteria) -> set[str]:
        return {link.code for link, _ in search(store, criteria, limit=9, now=NOW).links}

    assert codes(Criteria(tag="x")) == {"a", "c"}
    assert codes(Criteria(tags=("x",))) == {"a", "c"}
    assert codes(Criteria(tags=("x", "z"))) == {"a", "c", "d"}
    assert codes(Criteria(tag="x", tags=("y",))) == {"c"}
    assert codes(Criteria(tag="x", tags=("z",))) == set()


def test_a_page_looks_at_a_bounded_number_of_links_and_none_is_missed(
    store: LinkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "LOOKED_AT", 6)
    monkeypatch.setattr(search_module, "_PIECE", 3)
    fill(store, 20)
    shown = list(pages(store, Criteria(text="example.com/1"), 4))
    assert [] in shown or min(map(len, shown)) < 4
    assert len(shown) > 2
    wanted = {"l1", *(f"l1{number}" for number in range(10))}
    assert sorted(chain.from_iterable(shown)) == sorted(wanted)
