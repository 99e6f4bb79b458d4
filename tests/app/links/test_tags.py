"""Tags listed, renamed and taken off, also after a kill in the middle."""

import os
import signal
import subprocess
import sys

import pytest
import redis

from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.tags import Tag, TagKept, TagNotFound, Tags, TagTaken
from app.links.validation import InvalidLink
from app.stores.keys import API_TAG_RENAMES, link_tag_key
from tests.support.redirect.waiting import wait_until

TARGET = {"target": "https://example.com/"}

#: Renames a tag until it is killed.
RENAMING = """
import sys
from app.config.settings import Settings
from app.links.tags import open_tags
for _ in open_tags(Settings(redis_url=sys.argv[1])).rename("a", "b"):
    pass
"""


@pytest.fixture
def tags(client: redis.Redis, url: str, store: LinkStore) -> Tags:
    return Tags(client, url, store)


def add(store: LinkStore, code: str, *tags: str) -> None:
    store.create({**TARGET, "tags": list(tags)}, code=code)


def test_tags_are_listed_by_name_with_how_many_links_carry_them(
    store: LinkStore, tags: Tags
) -> None:
    add(store, "x", "b", "a")
    add(store, "y", "b")
    add(store, "z", "c")
    store.delete("z")
    assert tags.all() == [Tag("a", 1), Tag("b", 2)]
    assert tags.all(Precondition(tags=["a"])) == [Tag("a", 1), Tag("b", 1)]
    assert tags.all(Precondition(tags=["a", "d"])) == [Tag("a", 1), Tag("b", 1)]


def test_a_tag_is_renamed_on_all_its_links(
    store: LinkStore, tags: Tags, client: redis.Redis
) -> None:
    for code in "xyz":
        add(store, code, "a", "keep")
    outcomes = list(tags.rename("A", "New Name"))
    assert sum(outcome.kind == "updated" for outcome in outcomes) == 3
    assert {store.get(code).tags for code in "xyz"} == {("keep", "new-name")}
    assert tags.all() == [Tag("keep", 3), Tag("new-name", 3)]
    assert not client.exists(link_tag_key("a"))
    assert not client.exists(API_TAG_RENAMES)
    with pytest.raises(TagNotFound):
        tags.rename("a", "new-name")


def test_links_that_get_the_tag_meanwhile_are_renamed_too(store: LinkStore, tags: Tags) -> None:
    add(store, "x", "a")
    renaming = tags.rename("a", "b")
    assert next(renaming).code == "x"
    add(store, "y", "a")
    list(renaming)
    assert tags.all() == [Tag("b", 2)]


def test_two_tags_become_one_only_if_that_is_asked_for(store: LinkStore, tags: Tags) -> None:
    add(store, "x", "a")
    add(store, "y", "a", "b")
    with pytest.raises(TagTaken):
        tags.rename("a", "b")
    list(tags.rename("a", "b", merges=True))
    assert tags.all() == [Tag("b", 2)]


def test_a_tag_is_taken_off_its_links_which_stay(store: LinkStore, tags: Tags) -> None:
    add(store, "x", "a", "b")
    add(store, "y", "a")
    list(tags.remove("a"))
    assert (store.get("x").tags, store.get("y").tags) == (("b",), ())
    with pytest.raises(TagNotFound):
        tags.remove("a")


@pytest.mark.parametrize("new", ["", " ", "a", "x" * 51, "a,b", "<", "\0"])
def test_what_is_no_tag_or_no_other_is_refused(store: LinkStore, tags: Tags, new: str) -> None:
    add(store, "x", "a")
    with pytest.raises(InvalidLink, match="name"):
        tags.rename("a", new)
    with pytest.raises(InvalidLink, match="tag"):
        tags.remove("\0")


def test_a_rename_that_was_killed_goes_on(
    store: LinkStore, tags: Tags, client: redis.Redis, url: str
) -> None:
    codes = [f"c{number}" for number in range(3000)]
    store.put_new([store.draft({**TARGET, "tags": ["a"]}, code=code) for code in codes])
    renaming = subprocess.Popen([sys.executable, "-c", RENAMING, url])
    try:
        wait_until(lambda: client.zcard(link_tag_key("b")) > 300)
    finally:
        os.kill(renaming.pid, signal.SIGKILL)
        renaming.wait()
    first = tags.all()[0]
    if first.name == "a":
        assert first.becomes == "b"
        list(tags.rename("a", "b"))
    assert tags.all() == [Tag("b", 3000)]
    assert not client.exists(link_tag_key("a"))
    assert not client.exists(API_TAG_RENAMES)


class TestWhoSeesOnlySomeLinks:
    only = Precondition(tags=["ours"])

    def test_renames_other_tags_on_those_links_alone(self, store: LinkStore, tags: Tags) -> None:
        add(store, "x", "ours", "a")
        add(store, "y", "theirs", "a")
        add(store, "z", "b")
        list(tags.rename("a", "b", self.only))
        assert (store.get("x").tags, store.get("y").tags) == (("b", "ours"), ("a", "theirs"))

    def test_neither_widens_nor_loses_what_it_sees(self, store: LinkStore, tags: Tags) -> None:
        add(store, "x", "ours")
        add(store, "y", "theirs")
        for call in (
            lambda: tags.rename("ours", "new", self.only),
            lambda: tags.remove("ours", self.only),
        ):
            with pytest.raises(TagKept):
                call()
        for call in (
            lambda: tags.rename("theirs", "ours", self.only),
            lambda: tags.remove("theirs", self.only),
        ):
            with pytest.raises(TagNotFound):
                call()
        assert store.get("y").tags == ("theirs",)
