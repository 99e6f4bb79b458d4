"""Many links changed at once: as one by one, in fewer round trips."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis

from app.changes.trail import Trail
from app.links import many
from app.links.link import Link, LinkDeleted
from app.links.many import Outcome, bury, change_each
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink
from app.stores.keys import LINK_INDEX, LINK_TOMBSTONES, link_key, link_tag_key, link_uses_key

TARGET = {"target": "https://example.com/", "tags": ["a"]}


def retagged(link: Link) -> Link:
    return replace(link, tags=("b",))


def kinds(outcomes: Iterator[Outcome]) -> list[str]:
    return [outcome.kind for outcome in outcomes]


def test_links_their_lists_and_the_trail_are_as_after_single_changes(
    store: LinkStore, client: redis.Redis, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "PIECE", 7)
    monkeypatch.setattr("app.links.writer._SWAPPED", 3)
    codes = [f"c{number}" for number in range(20)]
    store.put_new([store.draft(TARGET, code=code) for code in codes])
    assert kinds(change_each(store, codes, retagged)) == ["updated"] * 20
    assert {store.get(code).tags for code in codes} == {("b",)}
    assert client.zcard(link_tag_key("a")) == 0
    assert client.zcard(link_tag_key("b")) == 20
    for code in codes:
        (line,) = Trail(client, url).of(code)
        assert (line.change.before, line.change.after) == ({"tags": ["a"]}, {"tags": ["b"]})
    assert kinds(change_each(store, codes, retagged)) == ["unchanged"] * 20


def test_deleted_links_leave_tombstones_and_are_unchanged_the_second_time(
    store: LinkStore, client: redis.Redis
) -> None:
    store.create({**TARGET, "click_limit": 3}, code="x")
    store.create(TARGET, code="y")
    client.set(link_uses_key("x"), 2)
    assert kinds(change_each(store, ["x", "y"], bury)) == ["deleted", "deleted"]
    assert store.get("x").deleted
    assert (client.zcard(LINK_INDEX), client.zcard(LINK_TOMBSTONES)) == (0, 2)
    assert client.get(link_uses_key("x")) == b"2"
    assert kinds(change_each(store, ["x", "y"], bury)) == ["unchanged", "unchanged"]
    assert kinds(change_each(store, ["x"], retagged)) == ["not_found"]


def test_none_stops_the_others(store: LinkStore, client: redis.Redis) -> None:
    for code in ("good", "bad", "theirs"):
        store.create({**TARGET, "tags": ["theirs" if code == "theirs" else "a"]}, code=code)
    client.set(link_key("broken"), b"{")

    def change(link: Link) -> Link:
        if link.code == "bad":
            raise InvalidLink("title", "won't do")
        return replace(link, title="new")

    codes = ["broken", "bad", "unknown", "\0", "", "x" * 99, "theirs", "good", "good"]
    found = list(change_each(store, codes, change, Precondition(tags=["a"])))
    assert [outcome.code for outcome in found] == codes
    assert [outcome.kind for outcome in found] == [
        "refused", "refused", "not_found", "not_found", "not_found", "not_found", "not_found",
        "updated", "updated",
    ]  # fmt: skip
    assert "won't do" in found[1].reason
    assert store.get("theirs").title == ""


def test_a_dry_run_says_the_same_and_changes_nothing(store: LinkStore, client: redis.Redis) -> None:
    link = store.create(TARGET, code="x")
    assert kinds(change_each(store, ["x", "y"], bury, dry_run=True)) == ["deleted", "not_found"]
    assert store.get("x") == link


@pytest.mark.parametrize("meanwhile", ["changed", "deleted"])
@pytest.mark.parametrize("change", [retagged, bury])
def test_what_others_change_meanwhile_is_looked_at_once_more(
    store: LinkStore, monkeypatch: pytest.MonkeyPatch, meanwhile: str, change: Any
) -> None:
    store.create(TARGET, code="x")
    store.create(TARGET, code="y")
    exchange_each = store.editor.exchange_each

    def late(changes: Any) -> list[bool]:
        monkeypatch.undo()
        if meanwhile == "changed":
            store.update("x", {"title": "new"})
        else:
            store.delete("x")
        return exchange_each(changes)

    monkeypatch.setattr(store.editor, "exchange_each", late)
    done = "deleted" if change is bury else "updated"
    found = kinds(change_each(store, ["x", "y"], change))
    assert found == ["not_found" if meanwhile == "deleted" else done, done]
    if meanwhile == "changed" and change is retagged:
        assert (store.get("x").title, store.get("x").tags) == ("new", ("b",))
    if change is bury:
        with pytest.raises(LinkDeleted):
            store.update("x", {})
    assert [link.code for link in store.links.scan(tag="a")] == []
