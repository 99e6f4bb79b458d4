"""Deleted links leave the lists, and none is missed by whoever wants to see them all."""

from collections import Counter
from collections.abc import Callable

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.links import listing
from app.links.link import LinkDeleted, LinkNotFound, encode, tombstone
from app.links.store import LinkStore, open_store
from app.stores.keys import LINK_DELETED, LINK_INDEX, LINK_TOMBSTONES, link_key, link_tag_key
from app.stores.redis.client import connect

TARGET = {"target": "https://example.com/"}


@pytest.fixture
def store(redis_url: str, make_settings: Callable[..., object]) -> LinkStore:
    return open_store(make_settings(redis_url=redis_url))


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


def add(store: LinkStore, code: str, created_ms: int, tags: tuple[str, ...] = ()) -> None:
    link = store.draft({**TARGET, "tags": list(tags)}, code=code, created_ms=created_ms)
    assert store.put_new([link]) == [None]


def delete_as_before(store: LinkStore, client: redis.Redis, code: str) -> None:
    """Delete a link as versions did that left its entry in the index."""
    link = store.get(code)
    client.sadd(LINK_DELETED, code)
    client.set(link_key(code), encode(tombstone(code, link.created_ms, link.updated_ms + 1)))


def all_codes(store: LinkStore) -> list[str]:
    return [link.code for link in store.links.scan_all()]


def test_a_deleted_link_leaves_every_list_and_keeps_its_place_among_tombstones(
    store: LinkStore, client: redis.Redis
) -> None:
    add(store, "a", 1000, tags=("x", "y"))
    add(store, "b", 2000)
    store.delete("a")
    assert client.zrange(LINK_INDEX, 0, -1) == [b"b"]
    assert client.exists(link_tag_key("x"), link_tag_key("y")) == 0
    assert client.zrange(LINK_TOMBSTONES, 0, -1, withscores=True) == [(b"a", 1000.0)]


def test_what_a_version_before_deleted_is_counted_right_and_taken_off_when_it_is_met(
    store: LinkStore, client: redis.Redis
) -> None:
    for number, code in enumerate("abc"):
        add(store, code, 1000 + number, tags=("t",))
    delete_as_before(store, client, "b")
    for _ in range(2):
        assert (store.links.count(), store.links.count(deleted=True)) == (2, 3)
        assert [link.code for link in store.links.scan()] == ["c", "a"]
        assert [link.code for link in store.links.scan(tag="t")] == ["c", "a"]
        assert all_codes(store) == ["c", "b", "a"]
    assert client.zrange(LINK_INDEX, 0, -1) == [b"a", b"c"]
    assert client.zrange(link_tag_key("t"), 0, -1) == [b"a", b"c"]
    assert client.zscore(LINK_TOMBSTONES, "b") == 1001
    assert client.scard(LINK_DELETED) == 0


def test_one_who_may_not_write_sees_the_same(
    store: LinkStore, client: redis.Redis, make_settings: Callable[..., object], redis_url: str
) -> None:
    for number, code in enumerate("abc"):
        add(store, code, 1000 + number)
    delete_as_before(store, client, "b")
    client.execute_command("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+info")
    try:
        url = redis_url.replace("://", "://reader:secret@")
        reader = open_store(make_settings(redis_url=url))
        assert [link.code for link in reader.links.scan()] == ["c", "a"]
        assert all_codes(reader) == ["c", "b", "a"]
    finally:
        client.acl_deluser("reader")


def test_a_code_that_is_refused_for_a_tombstone_gets_no_entry(
    store: LinkStore, client: redis.Redis
) -> None:
    add(store, "a", 1000)
    store.delete("a")
    link = store.draft({**TARGET, "tags": ["x"]}, code="a")
    assert store.put_new([link]) != [None]
    with pytest.raises(LinkDeleted):
        store.update("a", {"title": "New"})
    assert client.exists(LINK_INDEX, link_tag_key("x")) == 0
    assert store.links.count() == 0


def test_an_interrupted_delete_can_be_repeated(store: LinkStore, client: redis.Redis) -> None:
    add(store, "a", 1000)
    add(store, "b", 1000)
    # Before the tombstone, and behind it.
    client.zadd(LINK_TOMBSTONES, {"a": 1000, "b": 1000})
    client.set(link_key("b"), encode(tombstone("b", 1000, 1001)))
    assert sorted(all_codes(store)) == ["a", "b"]
    client.zadd(LINK_INDEX, {"b": 1000})
    store.delete("a")
    with pytest.raises(LinkNotFound):
        store.delete("b")
    assert (store.links.count(), store.links.count(deleted=True)) == (0, 2)


def test_a_link_whose_tombstone_was_lost_is_put_back_on_its_lists(
    store: LinkStore, client: redis.Redis
) -> None:
    add(store, "a", 1000, tags=("x",))
    text = client.get(link_key("a"))
    store.delete("a")
    client.set(link_key("a"), text or b"")
    assert [link.deleted for link in store.links.scan_all()] == [False]
    assert [link.code for link in store.links.scan(tag="x")] == ["a"]
    assert [link.deleted for link in store.links.scan_all()] == [False]
    store.delete("a")
    assert [link.deleted for link in store.links.scan_all()] == [True]


def test_a_page_goes_on_behind_a_link_that_is_deleted_by_then(
    store: LinkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SCAN", 2)
    for code in "abcdefg":
        add(store, code, 1000)
    page = store.links.page(limit=3)
    assert page.after == "e"
    for code in "fed":
        store.delete(code)
    assert [link.code for link in store.links.page(after="e").links] == ["c", "b", "a"]


moments = st.integers(1, 4)
kinds = st.sampled_from(["live", "deleted", "deleted as before"])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@given(
    st.lists(st.tuples(moments, kinds), min_size=1, max_size=12),
    st.lists(st.tuples(st.sampled_from(["delete", "add"]), st.integers(0, 11), moments)),
    st.integers(1, 4),
)
def test_whatever_is_deleted_meanwhile_each_link_is_found_once(
    store: LinkStore,
    client: redis.Redis,
    first: list[tuple[int, str]],
    meanwhile: list[tuple[str, int, int]],
    scan: int,
) -> None:
    client.flushdb()
    for number, (moment, kind) in enumerate(first):
        add(store, f"c{number}", moment)
        if kind == "deleted":
            store.delete(f"c{number}")
        elif kind == "deleted as before":
            delete_as_before(store, client, f"c{number}")
    changes = iter(meanwhile)
    found: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "SCAN", scan)
        for link in store.links.scan_all():
            found[link.code] += 1
            _change(store, next(changes, None), len(found) + len(meanwhile))
        live = [link.code for link in store.links.scan()]
        again = Counter(all_codes(store))
    assert all(found[f"c{number}"] == 1 for number in range(len(first)))
    assert max(found.values()) == 1
    assert set(again.values()) == {1}
    assert len(live) == store.links.count()
    assert again.total() == store.links.count(deleted=True)


def _change(store: LinkStore, change: tuple[str, int, int] | None, unused: int) -> None:
    if change is None:
        return
    what, number, moment = change
    if what == "add":
        link = store.draft(TARGET, code=f"new{number}{unused}", created_ms=moment)
        store.put_new([link])
        return
    try:
        store.delete(f"c{number}")
    except LinkNotFound:
        return
