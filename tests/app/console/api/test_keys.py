"""Keys as programs make and revoke them."""

import time
from collections.abc import Iterator
from typing import Any

import falcon.testing
import pytest
from redis import Redis

from app.changes.trail import Trail
from app.console.api.keys import KeyList, KeyView, KeyWithSecret
from app.keys.credential import Credential
from app.keys.key import proves
from app.keys.store import KeyStore
from app.links.store import open_store
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from tests.support.console import TOKEN, Broken, client_of

PATH = "/api/v1/keys"
REPORT = {"name": "weekly report", "scopes": ["stats:read"]}


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def client(make_settings: Any, redis_url: str, keys: KeyStore) -> falcon.testing.TestClient:
    links = open_store(make_settings(redis_url=redis_url))
    return client_of(Broken(RuntimeError()), links, TOKEN, keys=keys)


def ask(client: falcon.testing.TestClient, method: str, path: str = PATH, **sent: Any) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return client.simulate_request(method, path, headers=headers, **sent)


def test_a_key_is_added_and_its_secret_shown_this_once(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    answer = ask(
        client, "POST", json={**REPORT, "tags": ["Spring", "a"], "expires_at": "2030-01-01"}
    )
    assert answer.status_code == 201
    new = KeyWithSecret.model_validate(answer.json)
    assert (new.scopes, new.tags) == (["stats:read"], ["a", "spring"])
    assert new.expires_at == "2030-01-01T00:00:00.000Z"
    credential = Credential.parse(new.key)
    assert proves(keys.get(new.id), credential.sha256, now=0)
    listed = ask(client, "GET")
    KeyList.model_validate(listed.json)
    assert [key["id"] for key in listed.json["data"]] == [new.id]
    assert credential.secret not in listed.text


def test_a_key_is_rotated_and_revoked_and_the_trail_says_by_whom(
    client: falcon.testing.TestClient, keys: KeyStore, redis_url: str
) -> None:
    new = ask(client, "POST", json=REPORT).json
    rotated = ask(client, "POST", f"{PATH}/{new['id']}/rotate").json
    assert proves(keys.get(new["id"]), Credential.parse(rotated["key"]).sha256, now=0)
    assert not proves(keys.get(new["id"]), Credential.parse(new["key"]).sha256, now=time.time())
    for _ in range(2):
        revoked = ask(client, "POST", f"{PATH}/{new['id']}/revoke")
        assert KeyView.model_validate(revoked.json).state == "revoked"
    answer = ask(client, "POST", f"{PATH}/{new['id']}/rotate")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/key-revoked")
    with connect(redis_url, timeout_seconds=30) as redis:
        lines = [line.change for line in Trail(redis, redis_url).page().lines]
    assert [change.what for change in lines] == ["key.revoked", "key.rotated", "key.added"]
    assert {change.author.who for change in lines} == {"key:token"}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"name", "scopes"}),
        ({"name": "", "scopes": [], "tags": []}, {"name", "scopes"}),
        ({**REPORT, "scopes": ["moon"]}, {"scopes"}),
        ({**REPORT, "scopes": ["admin"], "tags": ["a"]}, {"tags"}),
        ({**REPORT, "tags": ["?"], "expires_at": "soon"}, {"tags", "expires_at"}),
        ({**REPORT, "tags": "a"}, {"tags"}),
        ({**REPORT, "expires_at": "2001-01-01"}, {"expires_at"}),
        ({**REPORT, "expires_at": True}, {"expires_at"}),
        ({**REPORT, "expires_at": 10**30}, {"expires_at"}),
        ({**REPORT, "sha256": "0" * 64}, {"sha256"}),
    ],
)
def test_all_fields_that_cannot_be_used_are_named(
    client: falcon.testing.TestClient, keys: KeyStore, given: dict[str, Any], fields: set[str]
) -> None:
    answer = ask(client, "POST", json=given)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid-key")
    assert {each["field"] for each in answer.json["errors"]} == fields
    assert not keys.has_any()


@pytest.mark.parametrize("what", ["revoke", "rotate"])
@pytest.mark.parametrize("key_id", ["nobody", "%00", "hop_aaaaaaaaaaaa_x"])
def test_a_key_that_there_is_not_is_not_found(
    client: falcon.testing.TestClient, what: str, key_id: str
) -> None:
    answer = ask(client, "POST", f"{PATH}/{key_id}/{what}")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/key-not-found")


def test_only_an_admin_sees_or_makes_keys(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    key, credential = keys.add("test", ["links:write", "system:read"])
    headers = {"Authorization": f"Bearer {credential.text}"}
    asked = (("GET", PATH), ("POST", PATH), ("POST", f"{PATH}/{key.id}/revoke"))
    for method, path in (*asked, ("POST", f"{PATH}/{key.id}/rotate")):
        answer = client.simulate_request(method, path, headers=headers, json={**REPORT})
        assert (answer.status_code, answer.json["scope"]) == (403, "admin")


def add_once(client: falcon.testing.TestClient, key: str = "order-1", **given: Any) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
    return client.simulate_post(PATH, json={**REPORT, **given}, headers=headers)


def test_a_request_for_a_key_that_is_sent_again_adds_one_and_shows_its_secret_once(
    client: falcon.testing.TestClient, keys: KeyStore, redis_url: str
) -> None:
    first, second = add_once(client), add_once(client)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == {**first.json, "key": None}
    assert second.headers["idempotency-replayed"] == "true"
    assert [key.id for key in keys.all()] == [first.json["id"]]
    secret = first.json["key"].rpartition("_")[2].encode()
    with Redis.from_url(redis_url) as redis:
        (held,) = (redis.get(name) for name in redis.scan_iter("links:answers:*"))
    assert b"weekly report" in held
    assert secret not in held
    assert add_once(client, name="another").json["type"] == "/problems/idempotency-key-reused"


def test_a_second_try_after_redis_went_away_shows_a_secret_that_is_good(
    client: falcon.testing.TestClient, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = KeyStore._put

    def unheard(self: KeyStore, *args: Any) -> bool:
        put(self, *args)
        monkeypatch.setattr(KeyStore, "_put", put)
        raise RedisUnavailable("away")

    monkeypatch.setattr(KeyStore, "_put", unheard)
    assert add_once(client).status_code == 503
    answer = add_once(client)
    assert answer.status_code == 201
    (key,) = keys.all()
    credential = Credential.parse(answer.json["key"])
    assert credential is not None
    assert (credential.id, credential.sha256) == (key.id, key.sha256)
    assert add_once(client).json["key"] is None
