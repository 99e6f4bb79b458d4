import logging
from collections.abc import Iterator

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from app.links.link import Link
from app.links.target_index import TargetIndex, _place
from app.stores.keys import LINK_TARGETS_PREFIX, TARGET_BUCKETS
from app.stores.redis.client import connect


def link(code: str, target: str) -> Link:
    return Link(code=code, target=target, created_ms=1, updated_ms=1)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def index(client: redis.Redis, redis_url: str) -> TargetIndex:
    return TargetIndex(client, redis_url)


def test_the_newest_link_to_a_target_is_found(index: TargetIndex) -> None:
    assert index.find("https://a.example/") is None
    index.note([link("a", "https://a.example/"), link("b", "https://b.example/")])
    index.note([link("c", "https://a.example/")])
    assert index.find("https://a.example/") == "c"
    assert index.find("https://b.example/") == "b"


def test_filling_leaves_what_is_there(index: TargetIndex) -> None:
    index.note([link("new", "https://a.example/")])
    assert not index.is_filled()
    index.fill([[link("old", "https://a.example/")], [link("b", "https://b.example/")], []])
    assert index.is_filled()
    assert index.find("https://a.example/") == "new"
    assert index.find("https://b.example/") == "b"


def test_a_claim_holds_only_over_what_was_found(index: TargetIndex) -> None:
    assert index.claim("https://a.example/", "a", None)
    assert not index.claim("https://a.example/", "b", None)
    assert not index.claim("https://a.example/", "b", "c")
    assert index.claim("https://a.example/", "b", "a")
    assert index.find("https://a.example/") == "b"


def test_tags_have_entries_of_their_own_in_any_order(index: TargetIndex) -> None:
    assert index.claim("https://a.example/", "a", None, ("x", "y"))
    assert index.find("https://a.example/", ("y", "x")) == "a"
    assert index.find("https://a.example/", ("x",)) is None
    assert index.find("https://a.example/") is None


def test_what_redis_does_not_take_is_no_link_s_failure(
    client: redis.Redis, index: TargetIndex, caplog: pytest.LogCaptureFixture
) -> None:
    key, _ = _place("https://a.example/", ())
    client.set(key, "no hash")
    with caplog.at_level(logging.INFO):
        index.note([link("a", "https://a.example/")])
    assert "aren't found by their targets" in caplog.text


@given(st.text(), st.lists(st.text(max_size=3), max_size=3))
def test_every_target_has_its_place(target: str, tags: list[str]) -> None:
    key, field = _place(target, tags)
    assert 0 <= int(key.removeprefix(LINK_TARGETS_PREFIX)) < TARGET_BUCKETS
    assert len(field) == 16
    assert _place(target, tags[::-1]) == (key, field)
