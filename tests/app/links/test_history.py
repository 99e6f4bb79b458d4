"""What a link was, told from the trail, and the way back to it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from app.changes.author import Author
from app.changes.change import Change, difference
from app.changes.trail import Line, Trail
from app.links.history import (
    FIRST,
    CannotRestore,
    History,
    VersionNotFound,
    describe,
    seen,
    versions,
)
from app.links.link import Link, LinkChanged, LinkNotFound, terms, version
from app.links.precondition import Precondition
from app.links.store import LinkStore, open_store
from app.links.validation import InvalidLink
from app.stores.keys import (
    API_CHANGES,
    LINK_INDEX,
    LINK_TOMBSTONES,
    link_tag_key,
    link_uses_key,
)

TARGET = {"target": "https://example.com/"}
ALICE = Author("alice@host", "hopline")


@pytest.fixture
def history(store: LinkStore, client: redis.Redis, url: str) -> History:
    return History(store, Trail(client, url))


def ids(history: History, code: str) -> list[str]:
    return [each.id for each in history.page(code).versions]


def test_every_version_is_told_newest_first_with_who_made_it(
    store: LinkStore, history: History
) -> None:
    store.by(ALICE).create({**TARGET, "tags": ["a"]}, code="x")
    store.update("x", {"target": "https://example.org/", "tags": []})
    store.update("x", {"disabled": True})
    found = history.page("x").versions
    assert [each.link.target for each in found] == [
        "https://example.org/",
        "https://example.org/",
        "https://example.com/",
    ]
    assert [each.link.disabled for each in found] == [True, False, False]
    assert [each.link.tags for each in found] == [(), (), ("a",)]
    assert terms(found[0].link) == terms(store.get("x"))
    assert found[-1].change
    assert found[-1].change.author == ALICE
    described = describe(found[1])
    assert described["from"] == {"target": "https://example.com/", "tags": ["a"]}
    assert described["to"] == {"target": "https://example.org/"}


def test_pages_of_a_history_neither_repeat_nor_skip(store: LinkStore, history: History) -> None:
    store.create(TARGET, code="x")
    for number in range(6):
        store.update("x", {"title": f"{number}"})
    every, found, after = ids(history, "x"), list[str](), None
    for _ in range(4):
        page = history.page("x", after=after, limit=2)
        found += [each.id for each in page.versions]
        after = page.after
        store.update("x", {"title": "meanwhile"})
    assert (found, after) == (every, None)
    with pytest.raises(VersionNotFound):
        history.page("x", after="1-1")


def test_what_was_made_along_with_others_has_a_first_version_to_go_back_to(
    store: LinkStore, history: History
) -> None:
    store.put_new([store.draft(TARGET, code=code) for code in "xyz"])
    store.update("x", {"target": "https://example.org/"})
    newest, first = history.page("x").versions
    assert (first.id, first.link.target, first.change) == (FIRST, "https://example.com/", None)
    assert describe(first)["who"] is None
    restored = history.restore("x", FIRST)
    assert restored.target == store.get("x").target == "https://example.com/"
    assert [each.id for each in history.page("y").versions] == [FIRST]
    assert newest.link.target == "https://example.org/"


def test_a_change_that_was_not_made_is_no_version(
    store: LinkStore, history: History, client: redis.Redis, url: str
) -> None:
    store.create(TARGET, code="x")
    Trail(client, url).write(Change("link.changed", "x", ALICE, {}, {"title": "never"}))
    store.update("x", {"title": "new"})
    assert [each.link.title for each in history.page("x").versions] == ["new", ""]


def test_a_deleted_link_comes_back_with_its_lists_and_its_used_clicks(
    store: LinkStore, history: History, client: redis.Redis
) -> None:
    made = store.create({**TARGET, "tags": ["a", "b"], "click_limit": 5}, code="x")
    client.set(link_uses_key("x"), 3)
    store.delete("x")
    gone, before = history.page("x").versions
    assert gone.link.deleted
    restored = history.restore("x", before.id)
    assert terms(restored) == terms(made)
    assert restored.created_ms == made.created_ms
    assert store.uses(restored) == 3
    assert [link.code for link in store.links.scan(tag="a")] == ["x"]
    assert client.zscore(LINK_INDEX, "x") == made.created_ms
    assert client.zscore(link_tag_key("b"), "x") == made.created_ms
    assert client.zscore(LINK_TOMBSTONES, "x") is None
    assert (store.links.count(), store.links.count(deleted=True)) == (1, 1)
    newest = history.page("x").versions[0].change
    assert newest
    assert newest.what == "link.restored"
    with pytest.raises(CannotRestore, match="deleted link"):
        history.restore("x", gone.id)


def test_that_no_clicks_were_used_is_known_of_a_deleted_link(
    store: LinkStore, history: History
) -> None:
    store.create({**TARGET, "click_limit": 5}, code="x")
    store.delete("x")
    assert store.uses(history.restore("x", ids(history, "x")[1])) == 0


def test_a_limit_whose_used_clicks_are_forgotten_is_not_restored(
    store: LinkStore, history: History, client: redis.Redis
) -> None:
    """Versions before deleted the counter with the link."""
    store.create(TARGET, code="x")
    store.update("x", {"click_limit": 5})
    store.delete("x")
    client.delete(link_uses_key("x"))
    _, limited, unlimited = ids(history, "x")
    with pytest.raises(CannotRestore, match="no longer known"):
        history.restore("x", limited)
    assert store.get("x").deleted
    assert history.restore("x", unlimited).click_limit is None


def test_a_link_restored_while_it_is_being_deleted_is_listed(
    store: LinkStore, history: History, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deleter has left the tombstone, and not yet taken the entry off the index."""
    store.create({**TARGET, "tags": ["a"]}, code="x")
    tidy = store.links.tidy

    def late(codes: list[str]) -> None:
        monkeypatch.undo()
        history.restore("x", ids(history, "x")[1])
        tidy(codes)

    monkeypatch.setattr(store.links, "tidy", late)
    store.delete("x")
    assert not store.get("x").deleted
    assert [link.code for link in store.links.scan()] == ["x"]
    assert client.zscore(LINK_TOMBSTONES, "x") is None


def test_only_the_version_that_was_seen_is_restored_over(
    store: LinkStore, history: History
) -> None:
    old = version(store.create(TARGET, code="x"))
    current = version(store.update("x", {"title": "new"}))
    first = ids(history, "x")[1]
    with pytest.raises(LinkChanged):
        history.restore("x", first, Precondition([old]))
    assert history.restore("x", first, Precondition([current])).title == ""


def test_a_change_in_the_middle_is_not_overwritten_unseen(
    store: LinkStore, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(TARGET, code="x")
    store.update("x", {"title": "new"})
    first, exchange = ids(history, "x")[1], store.editor.exchange

    def late(raw: bytes, before: Link, after: Link) -> bool:
        monkeypatch.undo()
        store.update("x", {"title": "newer"})
        return exchange(raw, before, after)

    monkeypatch.setattr(store.editor, "exchange", late)
    history.restore("x", first)
    titles = [each.link.title for each in history.page("x").versions]
    assert titles == ["", "newer", "new", ""]


@pytest.mark.parametrize("wanted", ["", "1-1", "nonsense", "\0", "FIRST", "first"])
def test_unknown_versions_and_links_are_named(
    store: LinkStore, history: History, wanted: str
) -> None:
    store.create(TARGET, code="x")
    with pytest.raises(VersionNotFound, match="no version"):
        history.restore("x", wanted)
    for code in ("y", "", "\0", "x" * 100):
        with pytest.raises(LinkNotFound):
            history.page(code)


def test_what_targets_may_be_now_holds_for_what_is_restored(
    store: LinkStore, url: str, make_settings: Callable[..., Any], client: Any
) -> None:
    store.create({"target": "http://10.0.0.1/"}, code="x")
    store.update("x", TARGET)
    strict = open_store(make_settings(redis_url=url, allow_private_targets=False))
    history = History(strict, Trail(client, url))
    with pytest.raises(InvalidLink, match="target"):
        history.restore("x", ids(history, "x")[1])
    assert client.xlen(API_CHANGES) == 2


class TestWhoSeesOnlySomeLinks:
    only = Precondition(tags=["ours"])

    def test_sees_versions_with_its_tags_and_nothing_of_the_others(
        self, store: LinkStore, history: History
    ) -> None:
        store.create({"target": "https://secret.example/", "tags": ["theirs"]}, code="x")
        store.update("x", {**TARGET, "tags": ["ours"]})
        store.update("x", {"title": "new"})
        found = history.page("x", only=self.only).versions
        assert [each.link.title for each in found] == ["new", ""]
        assert "secret" not in repr(found)
        assert "theirs" not in repr(found)
        with pytest.raises(VersionNotFound):
            history.restore("x", ids(history, "x")[-1], self.only)

    def test_knows_no_link_that_has_left_them(self, store: LinkStore, history: History) -> None:
        store.create({**TARGET, "tags": ["ours"]}, code="x")
        store.update("x", {"tags": ["theirs"]})
        for call in (
            lambda: history.page("x", only=self.only),
            lambda: history.restore("x", ids(history, "x")[1], self.only),
        ):
            with pytest.raises(LinkNotFound):
                call()

    def test_may_restore_what_it_saw_before_it_was_deleted_and_no_other(
        self, store: LinkStore, history: History
    ) -> None:
        for code, tag in (("x", "ours"), ("y", "theirs")):
            store.create({**TARGET, "tags": [tag]}, code=code)
            store.delete(code)
        gone, before = history.page("x", only=self.only).versions
        assert gone.link.deleted
        assert history.restore("x", before.id, self.only).tags == ("ours",)
        with pytest.raises(LinkNotFound):
            history.page("y", only=self.only)


_TITLES = st.sampled_from(["", "a", "b"])
_LINKS = st.builds(
    Link,
    code=st.just("x"),
    target=st.sampled_from(["https://a.example/", "https://b.example/"]),
    created_ms=st.just(1),
    updated_ms=st.just(1),
    title=_TITLES,
    tags=st.lists(st.sampled_from("ab"), unique=True).map(tuple),
    click_limit=st.none() | st.integers(1, 3),
    disabled=st.booleans(),
)


def _lines(links: list[Link]) -> list[Line]:
    """Return the lines of a link that was one after the other, newest first."""
    held = [{}, *map(terms, links)]
    changes = [
        Change("link.changed", "x", ALICE, *difference(before, after))
        for before, after in pairwise(held)
    ]
    return [Line(f"{number}-0", each) for number, each in enumerate(changes)][::-1]


@given(st.lists(_LINKS, min_size=1, max_size=6))
def test_versions_are_what_the_link_was(links: list[Link]) -> None:
    found = list(versions(links[-1], _lines(links)))
    assert [terms(each.link) for each in found] == [terms(link) for link in links[::-1]]


@given(st.lists(_LINKS, min_size=1, max_size=6))
def test_nothing_is_seen_of_versions_without_the_tag(links: list[Link]) -> None:
    every = list(versions(links[-1], _lines(links)))
    found = list(seen(every, Precondition(tags=["a"])))
    assert [each.id for each in found] == [each.id for each in every if "a" in each.link.tags]
