"""Changes of one version of a link, and links that are put as a whole."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.links.link import Link, LinkChanged, LinkDeleted, LinkNotFound, version
from app.links.precondition import Precondition
from app.links.store import LinkStore, open_store
from app.links.validation import InvalidLink

TARGET = {"target": "https://example.com/a?b=c"}


@pytest.fixture(params=["one server", "a cluster"])
def make_store(
    request: pytest.FixtureRequest, make_settings: Callable[..., Any], redis_url: str
) -> Callable[[], LinkStore]:
    is_one = request.param == "one server"
    url = redis_url if is_one else request.getfixturevalue("cluster").url
    return lambda: open_store(make_settings(redis_url=url))


@pytest.fixture
def store(make_store: Callable[[], LinkStore]) -> LinkStore:
    return make_store()


def test_every_change_is_another_version_and_reading_is_none(store: LinkStore) -> None:
    versions = [version(store.create(TARGET, code="demo1"))]
    versions += [version(store.update("demo1", {"title": title})) for title in ("a", "b", "a")]
    assert len(set(versions)) == 4
    assert version(store.get("demo1")) == versions[-1]


def test_a_link_that_is_no_longer_the_version_is_left_alone(store: LinkStore) -> None:
    old = [version(store.create(TARGET, code="demo1"))]
    changed = store.update("demo1", {"title": "new"}, only=Precondition(old))
    refused: list[Callable[[], object]] = [
        lambda: store.update("demo1", {"title": "late"}, only=Precondition(old)),
        lambda: store.put("demo1", TARGET, only=Precondition(old)),
        lambda: store.put("demo1", TARGET, only=Precondition(())),
        lambda: store.delete("demo1", only=Precondition(old)),
    ]
    for change in refused:
        with pytest.raises(LinkChanged, match="demo1"):
            change()
    assert store.get("demo1") == changed


def test_of_many_who_change_the_same_version_one_does(
    make_store: Callable[[], LinkStore], store: LinkStore
) -> None:
    seen = [version(store.create(TARGET, code="demo1"))]
    start, done, late = threading.Barrier(6), list[str](), list[str]()

    def edit(title: str) -> None:
        editor = make_store()
        start.wait(60)
        try:
            done.append(editor.update("demo1", {"title": title}, only=Precondition(seen)).title)
        except LinkChanged:
            late.append(title)

    editors = [threading.Thread(target=edit, args=(f"title {number}",)) for number in range(6)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join(60)
    assert (len(done), len(late)) == (1, 5)
    assert store.get("demo1").title == done[0]


def test_what_is_put_is_new_or_stands_as_a_whole_in_the_place_of_what_was_there(
    store: LinkStore,
) -> None:
    first, is_new = store.put(
        "demo1", {**TARGET, "title": "T", "tags": ["a"]}, only=Precondition(())
    )
    assert is_new
    second, is_new = store.put("demo1", {**TARGET, "status": 301, "tags": ["b"]})
    assert not is_new
    assert (second.title, second.status, second.created_ms) == ("", 301, first.created_ms)
    assert store.get("demo1") == second
    assert [list(store.links.scan(tag=tag)) for tag in "ab"] == [[], [second]]


def test_a_deleted_link_and_a_version_of_none_are_not_put(store: LinkStore) -> None:
    store.create(TARGET, code="gone")
    store.delete("gone")
    with pytest.raises(LinkDeleted):
        store.put("gone", TARGET)
    with pytest.raises(LinkNotFound):
        store.put("other", TARGET, only=Precondition(["1"]))
    assert store.peek(["other"]) == [None]


def test_who_is_restricted_to_tags_changes_no_other_links_and_makes_none(store: LinkStore) -> None:
    mine, theirs = Precondition(tags=("a", "b")), Precondition(tags=("c",))
    store.create({**TARGET, "tags": ["a"]}, code="demo1", only=mine)
    refused: list[Callable[[], object]] = [
        lambda: store.update("demo1", {"title": "x"}, only=theirs),
        lambda: store.put("demo1", {**TARGET, "tags": ["c"]}, only=theirs),
        lambda: store.delete("demo1", only=theirs),
    ]
    for change in refused:
        with pytest.raises(LinkNotFound, match="demo1"):
            change()
    unmarked: list[Callable[[], object]] = [
        lambda: store.create(TARGET, code="new", only=mine),
        lambda: store.put("new", {**TARGET, "tags": ["c"]}, only=mine),
        lambda: store.update("demo1", {"tags": []}, only=mine),
    ]
    for change in unmarked:
        with pytest.raises(InvalidLink, match="tags: one has to be a or b"):
            change()
    assert store.peek(["new"]) == [None]
    assert store.update("demo1", {"tags": ["b"]}, only=mine).tags == ("b",)
    assert store.delete("demo1", only=mine).deleted


def test_all_that_is_wrong_with_a_link_is_named_at_once(store: LinkStore) -> None:
    given = {"status": 200, "title": "a\nb", "colour": "red"}
    with pytest.raises(InvalidLink) as refused:
        store.create(given, code="a/b")
    assert set(refused.value.faults) == {"code", "target", "status", "title", "colour"}
    assert all(f"{name}: " in str(refused.value) for name in refused.value.faults)


def test_a_tombstone_has_a_version_too() -> None:
    link = Link(code="a", target="", created_ms=1, updated_ms=2, deleted=True)
    assert version(link) != version(Link(code="a", target="", created_ms=1, updated_ms=2))
