"""Links leave the list of a tag that they have lost, and are on it whenever they have it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from app.links.listing import Page
from app.links.store import LinkStore, open_store
from app.stores.keys import link_tag_key
from app.stores.redis.client import connect

TARGET = {"target": "https://example.com/"}
KEY = link_tag_key("t")


@pytest.fixture
def open_one(redis_url: str, make_settings: Callable[..., Any]) -> Callable[[], LinkStore]:
    return lambda: open_store(make_settings(redis_url=redis_url))


@pytest.fixture
def store(open_one: Callable[[], LinkStore]) -> LinkStore:
    return open_one()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


def codes(page: Page) -> list[str]:
    return [link.code for link in page.links]


def test_nothing_is_left_of_a_tag_that_no_link_has_any_more(
    store: LinkStore, client: redis.Redis
) -> None:
    for code in "ab":
        store.create({**TARGET, "tags": "t"}, code=code)
        store.update(code, {"tags": []})
    assert client.exists(KEY) == 0


def test_entries_that_a_version_before_left_go_when_they_are_met(
    store: LinkStore, client: redis.Redis
) -> None:
    store.create({**TARGET, "tags": "t"}, code="a")
    for code in ("b", "c"):
        store.create(TARGET, code=code)
    client.zadd(KEY, {"b": 1, "c": 2})
    assert codes(store.links.page(tag="t")) == ["a"]
    assert client.zrange(KEY, 0, -1) == [b"a"]


def test_a_list_that_may_not_be_changed_is_read_all_the_same(
    store: LinkStore, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(TARGET, code="b")
    client.zadd(KEY, {"b": 1})

    def refuse(*_: object) -> None:
        raise redis.ReadOnlyError("READONLY You can't write against a read only replica.")

    monkeypatch.setattr(store.links._client, "zrem", refuse)
    assert codes(store.links.page(tag="t")) == []


def test_a_link_that_gets_the_tag_back_before_it_is_taken_off_stays(
    store: LinkStore, open_one: Callable[[], LinkStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create({**TARGET, "tags": "t"}, code="a")
    other, zrem = open_one(), store.links._client.zrem

    def late(key: str, *gone: str) -> object:
        other.update("a", {"tags": "t"})
        return zrem(key, *gone)

    monkeypatch.setattr(store.links._client, "zrem", late)
    store.update("a", {"tags": []})
    assert codes(other.links.page(tag="t")) == ["a"]


def test_a_link_that_is_taken_off_while_it_gets_the_tag_is_listed(
    store: LinkStore, open_one: Callable[[], LinkStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(TARGET, code="a")
    other, swap = open_one(), store._client.eval

    def late(*command: Any) -> object:
        # It is on the list already, and doesn't say so yet.
        assert codes(other.links.page(tag="t")) == []
        return swap(*command)

    monkeypatch.setattr(store._client, "eval", late)
    store.update("a", {"tags": "t"})
    assert codes(other.links.page(tag="t")) == ["a"]
