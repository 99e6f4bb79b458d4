import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
import redis

from app.changes.trail import Trail
from app.keys.caller import Scope
from app.keys.key import proves
from app.keys.store import InvalidKey, KeyNotFound, KeyRevoked, KeyStore
from app.stores.keys import API_CHANGES, API_KEYS
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from app.stores.redis.routing import ClusterClient
from tests.support.redirect.fakes import FakeClock


def test_a_new_key_is_found_again_and_its_secret_is_kept_nowhere(
    store: KeyStore, client: redis.Redis
) -> None:
    assert not store.has_any()
    key, credential = store.add("reports", ["stats:read"], tags=["spring"], expires_at=5)
    assert store.get(key.id) == key
    assert (key.name, key.scopes, key.tags, key.expires_at) == (
        *("reports", ("stats:read",), ("spring",)),
        5,
    )
    assert store.has_any()
    assert proves(store.get(key.id), credential.sha256, now=0)
    assert credential.secret.encode() not in client.hget(API_KEYS, key.id)


def test_keys_are_listed_the_oldest_first(store: KeyStore, clock: FakeClock) -> None:
    names = ["one", "two", "three"]
    for name in names:
        store.add(name, ["admin"])
        clock.now += 1
    assert [key.name for key in store.all()] == names


def test_a_key_that_cannot_be_read_is_left_out_of_the_list(
    store: KeyStore, client: redis.Redis
) -> None:
    key, _ = store.add("whole", ["admin"])
    client.hset(API_KEYS, "broken", b"{")
    assert store.all() == [key]


@pytest.mark.parametrize(
    ("name", "scopes", "tags", "complaint"),
    [
        ("", ["admin"], [], "name"),
        ("  ", ["admin"], [], "name"),
        ("a\nb", ["admin"], [], "name"),
        ("a" * 101, ["admin"], [], "name"),
        ("a", [], [], "scopes"),
        ("a", ["admin"], ["spring"], "tags"),
        ("a", ["links:read", "system:read"], ["spring"], "tags"),
    ],
)
def test_what_can_be_no_key_is_refused(
    store: KeyStore, name: str, scopes: Sequence[Scope], tags: Sequence[str], complaint: str
) -> None:
    with pytest.raises(InvalidKey, match=f"^{complaint}: "):
        store.add(name, scopes, tags=tags)
    assert not store.has_any()


def test_a_revoked_key_stays_revoked_since_the_first_time(
    store: KeyStore, clock: FakeClock
) -> None:
    key, _ = store.add("leaked", ["admin"])
    clock.now = 2000
    assert store.revoke(key.id).revoked_ms == 2_000_000
    clock.now = 3000
    assert store.revoke(key.id).revoked_ms == 2_000_000
    assert store.get(key.id).state(0) == "revoked"
    with pytest.raises(KeyRevoked, match="revoked"):
        store.rotate(key.id)
    assert store.has_any()


def test_a_new_secret_takes_the_place_of_the_one_before(store: KeyStore, clock: FakeClock) -> None:
    key, old = store.add("rotated", ["admin"])
    _, new = store.rotate(key.id)
    assert new.id == old.id
    assert [proves(store.get(key.id), each.sha256, clock.now) for each in (old, new)] == [
        *(False, True)
    ]


def test_both_secrets_are_good_for_as_long_as_was_asked(store: KeyStore, clock: FakeClock) -> None:
    key, old = store.add("rotated", ["admin"])
    store.rotate(key.id, overlap_seconds=60)
    assert proves(store.get(key.id), old.sha256, clock.now + 59)
    assert not proves(store.get(key.id), old.sha256, clock.now + 60)


def test_no_key_has_an_unknown_id(store: KeyStore) -> None:
    for ask in (store.get, store.revoke, store.rotate):
        with pytest.raises(KeyNotFound, match="nobody"):
            ask("nobody")


def test_two_who_change_a_key_at_once_overwrite_nothing(store: KeyStore) -> None:
    key, _ = store.add("contended", ["admin"])

    def rotate() -> None:
        with suppress(KeyRevoked):
            store.rotate(key.id)

    rotations = [threading.Thread(target=rotate) for _ in range(3)]
    for thread in rotations:
        thread.start()
    store.revoke(key.id)
    for thread in rotations:
        thread.join()
    assert store.get(key.id).revoked_ms is not None


def test_the_last_use_is_kept_to_the_minute(store: KeyStore) -> None:
    store.note_use("abc", 125.7)
    assert store.used_at() == {"abc": 120}


def test_every_change_leaves_a_line_without_what_proves_a_key(
    store: KeyStore, client: redis.Redis, redis_url: str
) -> None:
    key, credential = store.add("shop", ["links:read"], tags=["shop"])
    store.rotate(key.id)
    store.revoke(key.id)
    store.revoke(key.id)
    store.restore(key)
    lines = [line.change for line in Trail(client, redis_url).page().lines][::-1]
    assert [change.what for change in lines] == ["key.added", "key.rotated", "key.revoked"]
    assert {change.subject for change in lines} == {key.id}
    assert lines[0].after["tags"] == ["shop"]
    assert set(lines[2].after) == {"revoked_ms"}
    told = str(client.xrange(API_CHANGES))
    for proof in (credential.secret, credential.sha256, store.get(key.id).sha256):
        assert proof not in told


def test_a_full_redis_takes_a_revocation(store: KeyStore, client: redis.Redis) -> None:
    nodes = client.primaries() if isinstance(client, ClusterClient) else [client]
    key, _ = store.add("leaked", ["admin"])
    for node in nodes:
        node.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.set("more", "x" * 1000)
        assert store.revoke(key.id).revoked_ms is not None
        store.note_use(key.id, 60)
    finally:
        for node in nodes:
            node.config_set("maxmemory", 0)


def test_without_redis_nothing_is_known(clock: FakeClock) -> None:
    url = "redis://127.0.0.1:1/0"
    with pytest.raises(RedisUnavailable):
        KeyStore(connect(url, timeout_seconds=1), url, clock).has_any()
