from collections.abc import Iterator
from typing import Any

import pytest

from app.console.live.admission import Admission, Viewer
from app.keys.caller import ANYBODY, GO_BETWEEN, TOKEN_HOLDER
from app.keys.lookup import KeyLookup
from app.keys.sessions import Session, Sessions
from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.console import NoKeys

NOW = 1_800_000_000


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def sessions(redis: Any, redis_url: str) -> Sessions:
    return Sessions(redis, redis_url)


@pytest.fixture
def keys(redis: Any, redis_url: str) -> KeyStore:
    return KeyStore(redis, redis_url)


def test_who_was_let_in_stays_until_their_key_ends(keys: KeyStore, sessions: Sessions) -> None:
    expiring, revoked, kept = (
        keys.add(name, ("clicks:read",), expires_at=expires_at)[0]
        for name, expires_at in (("expiring", NOW + 10), ("revoked", None), ("kept", None))
    )
    now = [float(NOW)]
    admission = Admission(KeyLookup(keys, clock=lambda: now[0]), sessions, lambda: now[0])
    viewers = [Viewer(each.caller) for each in (expiring, revoked, kept)] + [Viewer(TOKEN_HOLDER)]
    assert admission.ended(viewers) == {}
    keys.revoke(revoked.id)
    now[0] += 10
    assert admission.ended(viewers) == dict.fromkeys(viewers[:2], "key")


def test_who_needed_no_key_stays_until_there_is_one(keys: KeyStore, sessions: Sessions) -> None:
    viewers = [Viewer(ANYBODY), Viewer(GO_BETWEEN)]
    nobody_has: Any = NoKeys()
    assert Admission(KeyLookup(nobody_has), sessions, lambda: NOW).ended(viewers) == {}
    keys.add("first", ("clicks:read",))
    ended = Admission(KeyLookup(keys), sessions, lambda: NOW).ended(viewers)
    assert ended == dict.fromkeys(viewers, "key")


def test_who_signed_in_stays_until_they_sign_out_and_no_others_leave(
    keys: KeyStore, sessions: Sessions
) -> None:
    admission = Admission(KeyLookup(keys), sessions, lambda: NOW)
    held = Session(TOKEN_HOLDER.id, "00")
    first, second = (Viewer(TOKEN_HOLDER, sessions.begin(held)) for _ in range(2))
    assert admission.ended([first, second]) == {}
    sessions.end(first.session)
    assert admission.ended([first, second, Viewer(TOKEN_HOLDER)]) == {first: "session"}


def test_a_revoked_key_ends_the_sessions_that_it_opened(keys: KeyStore, sessions: Sessions) -> None:
    key, credential = keys.add("test", ("clicks:read",))
    viewer = Viewer(key.caller, sessions.begin(Session(key.id, credential.sha256)))
    keys.revoke(key.id)
    assert Admission(KeyLookup(keys), sessions, lambda: NOW).ended([viewer]) == {viewer: "key"}


def test_watching_does_not_make_a_session_live_longer(redis: Any, sessions: Sessions) -> None:
    token = sessions.begin(Session(TOKEN_HOLDER.id, "00"))
    (key,) = redis.scan_iter("*session*")
    redis.expire(key, 1_000)
    assert sessions.open_among([token, "x"]) == {token}
    assert redis.ttl(key) <= 1_000
    assert sessions.open_among([]) == set()
