from typing import Any

import pytest

from app.console.live.routes import admission
from app.keys.caller import ANYBODY, GO_BETWEEN, TOKEN_HOLDER
from app.keys.lookup import KeyLookup
from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.console import NoKeys

NOW = 1_800_000_000


@pytest.fixture
def keys(redis_url: str) -> Any:
    with connect(redis_url, timeout_seconds=30) as redis:
        yield KeyStore(redis, redis_url)


def test_who_was_let_in_stays_until_their_key_ends(keys: KeyStore) -> None:
    expiring, _ = keys.add("expiring", ("clicks:read",), expires_at=NOW + 10)
    revoked, _ = keys.add("revoked", ("clicks:read",))
    now = [float(NOW)]
    admits = admission(KeyLookup(keys, clock=lambda: now[0]), lambda: now[0])
    assert admits(expiring.caller)
    assert admits(revoked.caller)
    keys.revoke(revoked.id)
    now[0] += 10
    assert not admits(expiring.caller)
    assert not admits(revoked.caller)
    assert admits(TOKEN_HOLDER)


def test_who_needed_no_key_stays_until_there_is_one(keys: KeyStore) -> None:
    nobody_has: Any = NoKeys()
    for caller in (ANYBODY, GO_BETWEEN):
        assert admission(KeyLookup(nobody_has), lambda: NOW)(caller)
    keys.add("first", ("clicks:read",))
    for caller in (ANYBODY, GO_BETWEEN):
        assert not admission(KeyLookup(keys), lambda: NOW)(caller)
