"""/api/v1/links/{code}/history and /restore/{version}."""

from collections.abc import Callable
from typing import Any

import falcon.testing
import pytest

from app.changes.trail import Trail
from app.keys.store import KeyStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import TOKEN, Broken, client_of

Client = falcon.testing.TestClient
TARGET = {"target": "https://example.com/"}
LINK = "/api/v1/links/x"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def make_client(links: Any, redis_url: str) -> Any:
    with connect(redis_url, timeout_seconds=30) as redis:
        keys, trail = KeyStore(redis, redis_url), Trail(redis, redis_url)
        away = Broken(ClickHouseUnavailable("away"))
        app = client_of(away, links, TOKEN, keys=keys, trail=trail).app

        def make(*scopes: Any, tags: Any = ()) -> Client:
            _, credential = keys.add("some", scopes, tags=tags)
            return Client(app, headers={"Authorization": f"Bearer {credential.text}"})

        yield make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client("links:read", "links:write")


def history(client: Client, **params: Any) -> Any:
    return client.simulate_get(f"{LINK}/history", params=params, params_csv=False)


def test_a_link_is_restored_to_a_version_of_its_history(client: Client) -> None:
    client.simulate_put(LINK, json={**TARGET, "title": "one"})
    client.simulate_patch(LINK, json={"title": "two"})
    two, one = history(client).json["data"]
    assert (two["what"], two["from"], two["to"]) == (
        "link.changed", {"title": "one"}, {"title": "two"},
    )  # fmt: skip
    assert (one["link"]["title"], one["name"]) == ("one", "some")
    restored = client.simulate_post(f"{LINK}/restore/{one['version']}")
    assert (restored.status_code, restored.json["title"]) == (200, "one")
    assert client.simulate_get(LINK).headers["etag"] == restored.headers["etag"]


def test_restoring_is_held_to_if_match(client: Client) -> None:
    made = client.simulate_put(LINK, json=TARGET)
    changed = client.simulate_patch(LINK, json={"title": "two"})
    path = f"{LINK}/restore/{history(client).json['data'][1]['version']}"
    stale, fresh = ({"If-Match": each.headers["etag"]} for each in (made, changed))
    assert client.simulate_post(path, headers=stale).status_code == 412
    assert client.simulate_post(path, headers={"If-Match": "x"}).status_code == 400
    assert client.simulate_post(path, headers=fresh).status_code == 200


def test_a_deleted_link_is_restored(client: Client) -> None:
    client.simulate_put(LINK, json=TARGET)
    client.simulate_delete(LINK)
    gone, made = history(client).json["data"]
    assert client.simulate_get(LINK).status_code == 410
    refused = client.simulate_post(f"{LINK}/restore/{gone['version']}")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/version-not-restorable")
    assert client.simulate_post(f"{LINK}/restore/{made['version']}").status_code == 200
    assert client.simulate_get(LINK).json["target"] == TARGET["target"]


def test_pages_lead_to_each_other(client: Client) -> None:
    client.simulate_put(LINK, json=TARGET)
    client.simulate_patch(LINK, json={"title": "two"})
    page = history(client, limit=1)
    cursor = page.json["next_cursor"]
    assert page.headers["link"] == (f'<{LINK}/history?limit=1&cursor={cursor}>; rel="next"')
    rest = history(client, limit=1, cursor=cursor).json
    assert (len(rest["data"]), rest["next_cursor"]) == (1, None)


@pytest.mark.parametrize(
    ("params", "named"),
    [({"cursor": "x"}, "cursor"), ({"limit": "0"}, "limit"), ({"colour": "red"}, "colour")],
)
def test_parameters_that_cannot_be_used_are_named(client: Client, params: Any, named: str) -> None:
    client.simulate_put(LINK, json=TARGET)
    answer = history(client, **params)
    assert (answer.status_code, answer.json["parameter"]) == (400, named)


def test_unknown_links_and_versions_are_not_found(client: Client) -> None:
    assert history(client).status_code == 404
    client.simulate_put(LINK, json=TARGET)
    for version in ("1-1", "%00", "x%2Fy"):
        answer = client.simulate_post(f"{LINK}/restore/{version}")
        assert answer.status_code == 404


def test_a_key_restricted_to_tags_sees_and_restores_its_own_alone(
    client: Client, make_client: Callable[..., Client]
) -> None:
    ours = make_client("links:read", "links:write", tags=["ours"])
    client.simulate_put(LINK, json={**TARGET, "tags": ["theirs"], "title": "secret"})
    assert history(ours).status_code == 404
    client.simulate_patch(LINK, json={"tags": ["ours"], "title": ""})
    (seen,) = history(ours).json["data"]
    assert (seen["from"], seen["link"]["title"]) == ({}, "")
    before = history(client).json["data"][1]["version"]
    refused = ours.simulate_post(f"{LINK}/restore/{before}")
    assert (refused.status_code, refused.json["type"]) == (404, "/problems/version-not-found")


def test_each_takes_its_right(make_client: Callable[..., Client]) -> None:
    assert history(make_client("links:write")).status_code == 403
    answer = make_client("links:read").simulate_post(f"{LINK}/restore/first")
    assert answer.status_code == 403
