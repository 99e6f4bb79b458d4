"""Webhooks as programs make, try and look at them."""

from collections.abc import Iterator
from typing import Any

import falcon.testing
import pytest

from app.console.api.webhooks.models import (
    DeliveryPage,
    DeliveryView,
    DeliveryWithBody,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
)
from app.keys.store import KeyStore
from app.links.store import open_store
from app.stores.redis.client import connect
from tests.support.console import TOKEN, Broken, client_of

PATH = "/api/v1/webhooks"
NEW = {"url": "https://example.com/hook", "events": ["click.batch"]}


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def client(make_settings: Any, redis_url: str, keys: KeyStore) -> falcon.testing.TestClient:
    links = open_store(make_settings(redis_url=redis_url))
    return client_of(Broken(RuntimeError()), links, TOKEN, keys=keys)


def ask(
    client: falcon.testing.TestClient, method: str, path: str = PATH, key: str = TOKEN, **sent: Any
) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return client.simulate_request(method, path, headers=headers, **sent)


def test_a_webhook_is_added_and_its_secret_shown_this_once(
    client: falcon.testing.TestClient,
) -> None:
    answer = ask(client, "POST", json={**NEW, "tags": ["Shop"], "name": "shop"})
    assert answer.status_code == 201
    new = WebhookWithSecret.model_validate(answer.json)
    assert answer.headers["location"] == f"{PATH}/{new.id}"
    assert (new.tags, new.name, new.disabled) == (["shop"], "shop", False)
    listed = ask(client, "GET")
    assert [one.id for one in WebhookList.model_validate(listed.json).data] == [new.id]
    shown = ask(client, "GET", f"{PATH}/{new.id}")
    WebhookView.model_validate(shown.json)
    assert new.secret not in listed.text + shown.text


def test_a_webhook_is_changed_rotated_and_deleted(client: falcon.testing.TestClient) -> None:
    new = ask(client, "POST", json=NEW).json
    one = f"{PATH}/{new['id']}"
    changed = ask(client, "PATCH", one, json={"disabled": True, "codes": ["a"], "name": None})
    assert (changed.json["disabled"], changed.json["codes"]) == (True, ["a"])
    rotated = ask(client, "POST", f"{one}/rotate", params={"overlap": "1h"})
    assert rotated.json["secret"] not in ("", new["secret"])
    for wrong in ({"overlap": "soon"}, {"overlap": "99d"}, {"over": "1h"}, {"overlap": ["1", "2"]}):
        answer = ask(client, "POST", f"{one}/rotate", params=wrong, params_csv=False)
        assert (answer.status_code, answer.json["parameter"]) == (400, next(iter(wrong)))
    assert ask(client, "DELETE", one).status_code == 204
    for method, path in (("GET", one), ("DELETE", one), ("POST", f"{one}/test")):
        gone = ask(client, method, path)
        assert (gone.status_code, gone.json["type"]) == (404, "/problems/webhook-not-found")


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"url", "events"}),
        ({**NEW, "url": "http://10.0.0.1/"}, {"url"}),
        ({**NEW, "secret": "whsec_mine", "within": []}, {"secret", "within"}),
        ({**NEW, "events": ["click.batch", 3]}, {"events"}),
    ],
)
def test_all_that_is_wrong_is_named(
    client: falcon.testing.TestClient, given: dict[str, Any], fields: set[str]
) -> None:
    answer = ask(client, "POST", json=given)
    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/invalid-webhook"
    assert {fault["field"] for fault in answer.json["errors"]} == fields


def test_a_webhook_is_tried_and_what_came_of_it_looked_at(
    client: falcon.testing.TestClient,
) -> None:
    new = ask(client, "POST", json=NEW).json
    one = f"{PATH}/{new['id']}"
    sent = [ask(client, "POST", f"{one}/test") for _ in range(3)]
    assert {answer.status_code for answer in sent} == {202}
    ids = [DeliveryView.model_validate(answer.json).id for answer in sent]
    first = ask(client, "GET", f"{one}/deliveries", params={"limit": 2})
    page = DeliveryPage.model_validate(first.json)
    following = {"cursor": page.next_cursor, "limit": 2}
    rest = ask(client, "GET", f"{one}/deliveries", params=following).json
    assert [each.id for each in page.data] + [each["id"] for each in rest["data"]] == sorted(ids)[
        ::-1
    ]
    assert 'rel="next"' in first.headers["link"].replace("rel=next", 'rel="next"')
    assert ask(client, "GET", f"{one}/deliveries", params={"state": "failed"}).json["data"] == []
    shown = DeliveryWithBody.model_validate(ask(client, "GET", f"{one}/deliveries/{ids[0]}").json)
    assert shown.body["type"] == "webhook.test"
    again = ask(client, "POST", f"{one}/deliveries/{ids[0]}/redeliver")
    assert (again.status_code, again.json["id"]) == (202, ids[0])
    for path in ("deliveries/msg_no", "deliveries/%00"):
        gone = ask(client, "GET", f"{one}/{path}")
        assert (gone.status_code, gone.json["type"]) == (404, "/problems/delivery-not-found")


@pytest.mark.parametrize(
    "wrong", [{"limit": "0"}, {"limit": "201"}, {"cursor": "a"}, {"state": "x"}, {"page": "1"}]
)
def test_a_parameter_that_says_nothing_is_refused(
    client: falcon.testing.TestClient, wrong: dict[str, str]
) -> None:
    new = ask(client, "POST", json=NEW).json
    answer = ask(client, "GET", f"{PATH}/{new['id']}/deliveries", params=wrong)
    assert (answer.status_code, answer.json["parameter"]) == (400, next(iter(wrong)))


def test_it_takes_the_right_and_a_key_with_tags_sees_its_own(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    _, reader = keys.add("reader", ["links:read"])
    assert ask(client, "GET", key=reader.text).status_code == 403
    _, shop = keys.add("shop", ["webhooks"], tags=["shop"])
    anybodys = ask(client, "POST", json=NEW).json["id"]
    own = ask(client, "POST", json=NEW, key=shop.text).json["id"]
    refused = ask(client, "POST", json={**NEW, "events": ["system.freshness"]}, key=shop.text)
    assert refused.status_code == 422
    listed = ask(client, "GET", key=shop.text).json["data"]
    assert [webhook["id"] for webhook in listed] == [own]
    for path in ("", "/deliveries"):
        answer = ask(client, "GET", f"{PATH}/{anybodys}{path}", key=shop.text)
        assert answer.status_code == 404


def test_of_two_writers_the_later_one_hears_of_the_other(
    client: falcon.testing.TestClient,
) -> None:
    path = f"{PATH}/{ask(client, 'POST', json=NEW).json['id']}"

    def send(method: str, etag: str, below: str = "", **sent: Any) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "If-Match": etag}
        return client.simulate_request(method, path + below, headers=headers, **sent)

    before = ask(client, "GET", path).headers["etag"]
    changed = send("PATCH", before, json={"name": "first"})
    assert (changed.status_code, changed.json["name"]) == (200, "first")
    assert changed.headers["etag"] == ask(client, "GET", path).headers["etag"] != before
    rotated = send("POST", changed.headers["etag"], "/rotate")
    assert rotated.status_code == 200
    assert rotated.headers["etag"] == ask(client, "GET", path).headers["etag"]
    assert rotated.headers["etag"] not in (before, changed.headers["etag"])
    for method, below in (("PATCH", ""), ("DELETE", ""), ("POST", "/rotate")):
        late = send(method, before, below, json={"name": "second"})
        assert (late.status_code, late.json["type"]) == (412, "/problems/webhook-changed")
    assert ask(client, "GET", path).json["name"] == "first"
    assert ask(client, "GET", path).headers["etag"] == rotated.headers["etag"]
    for method, below in (("PATCH", ""), ("POST", "/rotate")):
        assert send(method, "odd", below, json={}).status_code == 400
    assert send("POST", "*", "/rotate").status_code == 200
    assert send("PATCH", "*", json={"name": "third"}).status_code == 200
    assert send("DELETE", f'"x", {ask(client, "GET", path).headers["etag"]}').status_code == 204
