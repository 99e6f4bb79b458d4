from typing import Any, NoReturn

import pytest
import redis

from app.keys.lookup import KeyLookup
from app.keys.store import KeyStore
from app.stores.keys import API_KEYS
from app.stores.redis.errors import RedisUnavailable
from tests.support.redirect.fakes import FakeClock


class Counted:
    """A store that counts what it is asked, and may be away."""

    def __init__(self, store: KeyStore) -> None:
        self._store, self.asked, self.is_away = store, 0, False

    def __getattr__(self, name: str) -> Any:
        self.asked += 1
        return self._fail if self.is_away else getattr(self._store, name)

    def _fail(self, *_: object) -> NoReturn:
        raise RedisUnavailable("away")


@pytest.fixture
def counted(store: KeyStore) -> Counted:
    return Counted(store)


@pytest.fixture
def ticks() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lookup(counted: Any, ticks: FakeClock) -> KeyLookup:
    return KeyLookup(counted, ticks)


def test_a_key_is_asked_for_once_in_half_a_second(
    lookup: KeyLookup, counted: Counted, store: KeyStore, ticks: FakeClock
) -> None:
    key, _ = store.add("busy", ["admin"])
    for _ in range(100):
        assert lookup.find(key.id) == key
    assert counted.asked == 1
    ticks.now += 0.5
    assert lookup.find(key.id) == key
    assert counted.asked == 2


def test_a_revocation_is_heard_of_within_half_a_second(
    lookup: KeyLookup, store: KeyStore, ticks: FakeClock
) -> None:
    key, _ = store.add("leaked", ["admin"])
    assert lookup.find(key.id) == key
    revoked = store.revoke(key.id)
    ticks.now += 0.5
    assert lookup.find(key.id) == revoked


def test_who_cannot_hear_of_a_revocation_lets_no_key_in(
    lookup: KeyLookup, counted: Counted, store: KeyStore, ticks: FakeClock
) -> None:
    key, _ = store.add("leaked", ["admin"])
    lookup.find(key.id)
    counted.is_away = True
    ticks.now += 0.5
    with pytest.raises(RedisUnavailable):
        lookup.find(key.id)


def test_unknown_ids_and_broken_keys_are_none(
    lookup: KeyLookup, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    client.hset(API_KEYS, "broken", b"{")
    assert lookup.find("nobody") is lookup.find("broken") is None
    assert "'broken' can't be read" in caplog.text


def test_many_keys_take_up_bounded_room(lookup: KeyLookup, store: KeyStore) -> None:
    key, _ = store.add("one", ["admin"])
    lookup._found.update({str(number): (key, -1.0) for number in range(1000)})
    assert lookup.find(key.id) == key
    assert len(lookup._found) == 1


def test_the_first_key_is_heard_of_within_half_a_second_and_never_forgotten(
    lookup: KeyLookup, counted: Counted, store: KeyStore, ticks: FakeClock
) -> None:
    assert not lookup.has_keys()
    key, _ = store.add("first", ["admin"])
    ticks.now += 0.5
    assert lookup.has_keys()
    store.revoke(key.id)
    asked = counted.asked
    ticks.now += 100
    assert lookup.has_keys()
    assert counted.asked == asked


def test_whether_there_are_keys_is_not_guessed(
    lookup: KeyLookup, counted: Counted, ticks: FakeClock
) -> None:
    counted.is_away = True
    with pytest.raises(RedisUnavailable):
        lookup.has_keys()
    counted.is_away = False
    assert not lookup.has_keys()
    counted.is_away = True
    ticks.now += 100
    assert not lookup.has_keys()


def test_a_use_is_noted_once_a_minute(lookup: KeyLookup, counted: Counted, store: KeyStore) -> None:
    for second in (60, 61, 119.9):
        lookup.note_use("abc", second)
    assert counted.asked == 1
    lookup.note_use("abc", 120)
    assert store.used_at() == {"abc": 120}


def test_a_use_that_redis_does_not_take_fails_nobody(lookup: KeyLookup, counted: Counted) -> None:
    counted.is_away = True
    lookup.note_use("abc", 60)
