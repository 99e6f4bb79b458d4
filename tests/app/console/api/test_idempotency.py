"""Requests that are sent again, by the endpoint that makes links."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import falcon.testing
import pytest
import redis

from app.console.api.idempotency import KEPT_SECONDS, Attempt, KeptAnswers
from app.console.api.problem import Problem
from app.links.link import Link, version
from app.links.writer import LinkWriter
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
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


def lose_reply(monkeypatch: pytest.MonkeyPatch, when: Callable[[], bool]) -> None:
    """Have Redis go away once, after it has carried out what puts links and before it says so."""
    put = LinkWriter.put

    def carried_out(self: LinkWriter, links: Sequence[Link]) -> list[bytes | None]:
        held = put(self, links)
        if when():
            monkeypatch.setattr(LinkWriter, "put", put)
            raise RedisUnavailable("Redis is away")
        return held

    monkeypatch.setattr(LinkWriter, "put", carried_out)


def test_another_process_waits_until_the_lease_ends(
    client: falcon.testing.TestClient,
    links: Any,
    server: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lose_reply(monkeypatch, lambda: True)
    assert post(client).status_code == 503
    [lease] = server.keys("links:answers:*:lease")
    assert 0 < server.ttl(lease) <= 20
    server.delete(lease)
    elsewhere = client_of(Broken(ClickHouseUnavailable("away")), links)
    assert post(elsewhere).status_code == 201
    assert links.links.count() == 1


def test_of_two_who_try_again_at_once_one_does(redis_url: str) -> None:
    with connect(redis_url, timeout_seconds=30) as server:
        kept = KeptAnswers(server, redis_url)

        def away(_: Attempt) -> Any:
            raise RedisUnavailable("away")

        with pytest.raises(RedisUnavailable):
            kept.once("me", KEY, {}, dict, away)

        def again(_: Attempt) -> Any:
            with pytest.raises(Problem) as refused:
                kept.once("me", KEY, {}, dict, away)
            assert refused.value.kind == "idempotency-key-in-use"
            return {"link": "a"}

        assert kept.once("me", KEY, {}, dict, again).answer == {"link": "a"}


def test_a_lease_that_somebody_else_has_by_now_is_not_taken_over(redis_url: str) -> None:
    with connect(redis_url, timeout_seconds=30) as server:
        kept = KeptAnswers(server, redis_url)

        def away(_: Attempt) -> Any:
            raise RedisUnavailable("away")

        with pytest.raises(RedisUnavailable):
            kept.once("me", KEY, {}, dict, away)
        [lease] = server.keys("links:answers:*:lease")
        server.set(lease, b"another's")
        with pytest.raises(Problem):
            kept.once("me", KEY, {}, dict, away)


@pytest.mark.parametrize("given", [{}, {"code": "sale"}])
def test_a_second_try_makes_the_link_that_the_first_has_made_unheard(
    client: falcon.testing.TestClient,
    links: Any,
    server: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
) -> None:
    lose_reply(monkeypatch, lambda: True)
    assert post(client, **given).status_code == 503
    [made] = links.links.scan()
    elsewhere = client_of(Broken(ClickHouseUnavailable("away")), links)
    # Another process can't know that the try is over.
    assert post(elsewhere, **given).json["type"] == "/problems/idempotency-key-in-use"
    answer = post(client, **given)
    assert (answer.status_code, answer.json["code"]) == (201, made.code)
    assert answer.headers["etag"] == f'"{version(made)}"'
    assert "idempotency-replayed" not in answer.headers
    assert [link.code for link in links.links.scan()] == [made.code]
    assert post(client, **given).json == answer.json


def test_a_second_try_makes_none_in_place_of_what_was_changed_or_deleted_meanwhile(
    client: falcon.testing.TestClient,
    links: Any,
    server: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, change in enumerate(
        (lambda code: links.update(code, {"title": "T"}), links.delete)
    ):
        lose_reply(monkeypatch, lambda: True)
        assert post(client, key=str(number)).status_code == 503
        made = next(links.links.scan())
        change(made.code)
        assert post(client, key=str(number)).json["code"] == made.code
    assert links.links.count(deleted=True) == 2


def test_a_second_try_knows_which_code_the_first_took_after_one_that_was_taken(
    links: Any, server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    links.create({"target": TARGET}, code="2222222")
    letters = iter("2222222" + "3333333" + "4444444")
    monkeypatch.setattr(links, "_choice", lambda _: next(letters))
    client = client_of(Broken(ClickHouseUnavailable("away")), links)
    lose_reply(monkeypatch, lambda: server.exists("link:3333333") == 1)
    assert post(client).status_code == 503
    assert post(client).json["code"] == "3333333"
    assert links.links.count() == 2


def test_a_code_that_is_another_links_is_taken_at_the_second_try_as_well(
    client: falcon.testing.TestClient,
    links: Any,
    server: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links.put_new([links.draft({"target": TARGET}, code="sale", created_ms=1)])
    lose_reply(monkeypatch, lambda: True)
    assert post(client, code="sale").status_code == 503
    for _ in range(2):
        answer = post(client, code="sale")
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/code-taken")


def test_an_answer_is_given_again_also_when_its_request_would_be_refused_by_now(
    client: falcon.testing.TestClient, links: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = post(client, expires_at="2099-01-01T00:00:00Z")
    monkeypatch.setattr(links, "_now_ms", lambda: 4_102_444_800_000)
    assert post(client, expires_at="2099-01-01T00:00:00Z").json == first.json


def test_while_the_first_is_carried_out_the_second_is_told(redis_url: str) -> None:
    begun, goes_on, answers = threading.Event(), threading.Event(), list[Any]()

    def carry_out(_: Attempt) -> dict[str, Any]:
        begun.set()
        assert goes_on.wait(60)
        return {"link": "a"}

    with connect(redis_url, timeout_seconds=30) as server:
        kept = KeptAnswers(server, redis_url)
        first = threading.Thread(
            target=lambda: answers.append(kept.once("me", KEY, {}, dict, carry_out))
        )
        first.start()
        assert begun.wait(60)
        with pytest.raises(Problem) as refused:
            kept.once("me", KEY, {}, dict, carry_out)
        assert (refused.value.status_code, refused.value.kind) == (409, "idempotency-key-in-use")
        # Somebody else's key of the same name is another one.
        goes_on.set()
        assert not kept.once("you", KEY, {"a": 1}, dict, carry_out).is_repeated
        first.join(60)
        assert answers == [({"link": "a"}, False)]
        assert kept.once("me", KEY, {}, dict, carry_out) == ({"link": "a"}, True)
