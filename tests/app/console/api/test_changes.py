import re
from collections.abc import Iterator
from typing import Any

import falcon.testing
import pytest

from app.changes.trail import Trail
from app.console.api.changes import ChangePage
from app.keys.store import KeyStore
from app.links.store import LinkStore, open_store
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from tests.support.console import Broken, client_of

TARGET = {"target": "https://example.com/"}


@pytest.fixture
def links(make_settings: Any, redis_url: str) -> LinkStore:
    return open_store(make_settings(redis_url=redis_url))


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def client(links: LinkStore, redis_url: str) -> Iterator[falcon.testing.TestClient]:
    with connect(redis_url, timeout_seconds=30) as redis:
        # No reports are asked for.
        yield client_of(
            Broken(RuntimeError()),
            links,
            trail=Trail(redis, redis_url),
            keys=KeyStore(redis, redis_url),
        )


def ask(client: falcon.testing.TestClient, query: str = "") -> Any:
    return client.simulate_get("/api/v1/audit", query_string=query)


def test_changes_come_in_pages_that_lead_to_the_next(
    client: falcon.testing.TestClient, links: LinkStore
) -> None:
    for code in "abcde":
        links.create(TARGET, code=code)
    found, query = [], "limit=2"
    while query:
        answer = ask(client, query)
        assert answer.status_code == 200
        ChangePage.model_validate_json(answer.text)
        found += [change["subject"] for change in answer.json["data"]]
        links.create(TARGET)
        following = re.fullmatch(r"</api/v1/audit\?(.+)>; rel=next", answer.headers.get("link", ""))
        query = following[1] if following else ""
        assert bool(query) is (answer.json["next_cursor"] is not None)
    assert found == list("edcba")


def test_changes_of_a_link_or_a_key_alone(
    client: falcon.testing.TestClient, links: LinkStore, keys: KeyStore
) -> None:
    links.create(TARGET, code="a")
    links.create(TARGET, code="b")
    links.update("a", {"title": "New"})
    _, credential = keys.add("admin", ["admin"])
    headers = {"Authorization": f"Bearer {credential.text}"}

    def whats(query: str) -> list[str]:
        answer = client.simulate_get("/api/v1/audit", query_string=query, headers=headers)
        return [change["what"] for change in answer.json["data"]]

    assert whats("link=a") == ["link.changed", "link.created"]
    assert whats(f"key={credential.id}") == ["key.added"]
    assert whats("link=nobody") == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=%D9%A3", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=99999999999999999999-0", "cursor"),
        ("cursor=1-1&cursor=2-1", "cursor"),
        ("key=nobody", "key"),
        ("key=aaaaaaaaaaaa&link=a", "key"),
        ("form=1", "form"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    client: falcon.testing.TestClient, query: str, parameter: str
) -> None:
    answer = ask(client, query)
    assert (answer.status_code, answer.json["parameter"]) == (400, parameter)


@pytest.mark.parametrize("scope", ["links:write", "system:read", "stats:read"])
def test_only_an_admin_sees_them(links: LinkStore, keys: KeyStore, scope: Any) -> None:
    client = client_of(Broken(RuntimeError()), links, keys=keys)
    _, credential = keys.add("test", [scope])
    headers = {"Authorization": f"Bearer {credential.text}"}
    answer = client.simulate_get("/api/v1/audit", headers=headers)
    assert (answer.status_code, answer.json["scope"]) == (403, "admin")


def test_without_redis_they_are_to_be_asked_for_again(links: LinkStore) -> None:
    client = client_of(Broken(RuntimeError()), links, trail=Broken(RedisUnavailable("away")))
    assert ask(client).status_code == 503


def test_what_is_changed_by_http_names_the_key_and_the_request(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    key, credential = keys.add("shop", ["admin"])
    headers = {"Authorization": f"Bearer {credential.text}"}
    asked = [("POST", "", {"code": "a", **TARGET}), ("PATCH", "/a", {"title": "New"})]
    asked += [("POST", "/a/disable", None), ("PUT", "/a", TARGET), ("DELETE", "/a", None)]
    names = []
    for method, path, body in asked:
        answer = client.simulate_request(method, f"/api/v1/links{path}", json=body, headers=headers)
        assert answer.status_code in (200, 201, 204)
        names.append(answer.headers["x-request-id"])
    changes = client.simulate_get("/api/v1/audit", query_string="link=a", headers=headers)
    told = changes.json["data"][::-1]
    assert [change["request_id"] for change in told] == names
    assert {(change["who"], change["name"], change["via"]) for change in told} == {
        (f"key:{key.id}", "shop", "http")
    }


def test_all_parameters_that_cannot_be_used_are_named_at_once(client: Any) -> None:
    answer = client.simulate_get("/api/v1/audit", query_string="limit=0&cursor=x&colour=red")
    assert answer.status_code == 400
    assert {each["field"] for each in answer.json["errors"]} == {"limit", "cursor", "colour"}
