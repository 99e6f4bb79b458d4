"""Requests that are sent again, by the endpoint that makes links."""

import threading
from collections.abc import Iterator
from typing import Any

import falcon.testing
import pytest
import redis

from app.console.api.idempotency import KEPT_SECONDS, KeptAnswers
from app.console.api.problem import Problem
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import Broken, client_of

TARGET = "https://example.com/"
KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


@pytest.fixture
def client(links: Any) -> falcon.testing.TestClient:
    return client_of(Broken(ClickHouseUnavailable("away")), links)


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as server:
        yield server


def post(client: falcon.testing.TestClient, key: str = KEY, **given: Any) -> Any:
    body = {"target": TARGET, **given}
    return client.simulate_post("/api/v1/links", json=body, headers={"Idempotency-Key": key})


def test_a_request_that_is_sent_again_is_carried_out_once(
    client: falcon.testing.TestClient, links: Any
) -> None:
    first, second = post(client, title="T"), post(client, key=f'"{KEY}"', title="T")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    for name in ("location", "etag"):
        assert second.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert links.links.count() == 1


def test_the_answer_is_kept_for_a_day(
    client: falcon.testing.TestClient, server: redis.Redis
) -> None:
    post(client)
    [key] = server.keys("links:answers:*")
    assert 0 < server.ttl(key) <= KEPT_SECONDS == 86_400


def test_a_key_that_stands_for_another_request_is_refused(
    client: falcon.testing.TestClient, links: Any
) -> None:
    post(client)
    answer = post(client, title="other")
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert post(client, key="other", title="other").status_code == 201
    assert links.links.count() == 2


def test_what_was_refused_can_be_sent_again_mended(client: falcon.testing.TestClient) -> None:
    assert post(client, status=200).status_code == 422
    assert post(client, target="ftp://x").status_code == 422
    assert post(client, status=301).status_code == 201


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a b", "ü", "a\tb"])
def test_what_can_be_no_key_is_named(client: falcon.testing.TestClient, key: str) -> None:
    answer = post(client, key=key)
    assert (answer.status_code, answer.json["parameter"]) == (400, "Idempotency-Key")


def test_while_the_first_is_carried_out_the_second_is_told(redis_url: str) -> None:
    begun, goes_on, answers = threading.Event(), threading.Event(), list[Any]()

    def carry_out() -> dict[str, Any]:
        begun.set()
        assert goes_on.wait(60)
        return {"link": "a"}

    with connect(redis_url, timeout_seconds=30) as server:
        kept = KeptAnswers(server, redis_url)
        first = threading.Thread(target=lambda: answers.append(kept.once("me", KEY, {}, carry_out)))
        first.start()
        assert begun.wait(60)
        with pytest.raises(Problem) as refused:
            kept.once("me", KEY, {}, carry_out)
        assert (refused.value.status_code, refused.value.kind) == (409, "idempotency-key-in-use")
        # Somebody else's key of the same name is another one.
        goes_on.set()
        assert not kept.once("you", KEY, {"a": 1}, carry_out).is_repeated
        first.join(60)
        assert answers == [({"link": "a"}, False)]
        assert kept.once("me", KEY, {}, carry_out) == ({"link": "a"}, True)
