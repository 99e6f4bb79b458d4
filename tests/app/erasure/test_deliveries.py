"""Clicks in deliveries to webhooks: erased in every state, and by whoever tries them meanwhile."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import redis

from app.erasure.choice import Choice
from app.erasure.deliveries import ToldClicks
from app.stores.keys import WEBHOOK_BYTES, WEBHOOK_PLACES, WEBHOOKS
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.times import rfc3339
from app.webhooks.deliveries import Deliveries
from app.webhooks.delivery import Attempt, Delivery, State, pack, unpack
from app.webhooks.webhook import Webhook, encode, keys_of
from workers.webhooks.outbox import LeaseLost, Outbox

HOOK = "aaaaaaaaaaaa"
NOW = 1_700_000_000.0
NOW_MS = 1_700_000_000_000
IDS = [number.to_bytes(16, "big") for number in range(4)]


@pytest.fixture(params=["one server", "a cluster"])
def url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    with connect(url, timeout_seconds=30) as client:
        webhook = Webhook(
            id=HOOK,
            url="https://hooks.example/",
            events=("click.batch",),
            secret="whsec_a",
            created_ms=1,
            since_ms=1,
        )
        client.hset(WEBHOOKS, HOOK, encode(webhook))
        yield client


@pytest.fixture
def outbox(client: redis.Redis, url: str) -> Outbox:
    outbox = Outbox(client, url, "one", 60.0, 1_000_000, now=lambda: NOW)
    outbox.try_lease()
    outbox.places()
    return outbox


@pytest.fixture
def told(client: redis.Redis, url: str) -> ToldClicks:
    return ToldClicks(caller(client, url, 30.0))


def delivery_of(*numbers: int, at: int = 1) -> tuple[Delivery, bytes]:
    """Return a delivery that tells of clicks: of "a" where their number is even, else of "b"."""
    clicks = [
        {
            "click_id": IDS[number].hex(),
            "code": "ab"[number % 2],
            "time": rfc3339(NOW_MS + number),
            "user_agent": f"agent {number}",
        }
        for number in numbers
    ]
    delivery = Delivery(
        id=f"msg_{at:032x}",
        webhook=HOOK,
        event="click.batch",
        created_ms=NOW_MS,
        until_ms=NOW_MS + 60_000,
        clicks=len(clicks),
    )
    body = {"type": "click.batch", "timestamp": rfc3339(NOW_MS), "data": {"clicks": clicks}}
    return delivery, orjson.dumps(body)


def echoed(delivery: Delivery) -> Delivery:
    return delivery.tried(Attempt(at_ms=NOW_MS, seconds=0.1, status=500, answer="you said agent 0"))


def agents(client: redis.Redis) -> list[str]:
    bodies: Any = client.hgetall(keys_of(HOOK)[-1])
    found = [orjson.loads(unpack(raw))["data"]["clicks"] for raw in bodies.values()]
    return sorted(click["user_agent"] for clicks in found for click in clicks)


def held(client: redis.Redis) -> bytes:
    """Return all that is kept of deliveries."""
    records: Any = client.hgetall(keys_of(HOOK)[4])
    return b"".join(records.values())


@pytest.mark.parametrize("state", ["waiting", "delivered", "failed"])
@pytest.mark.parametrize(
    ("choice", "ids"),
    [
        (Choice(code="a"), set()),
        (Choice(visitor=7), {IDS[0], IDS[2]}),
        (Choice(code="a", since_ms=NOW_MS, until_ms=NOW_MS + 3), set()),
    ],
)
def test_chosen_clicks_go_and_others_stay_under_the_delivery_s_id(
    client: redis.Redis,
    outbox: Outbox,
    told: ToldClicks,
    state: State,
    choice: Choice,
    ids: set[bytes],
) -> None:
    mixed, alone = delivery_of(0, 1, 2), delivery_of(0, 2, at=2)
    outbox.enqueue([mixed, alone])
    for delivery, _ in (mixed, alone):
        outbox.finish(echoed(delivery), state, NOW_MS)
    assert told.erase(choice, ids, is_dry=True) == (4, {})
    assert len(agents(client)) == 5
    assert told.erase(choice, ids, is_dry=False) == (4, {})
    assert agents(client) == ["agent 1"]
    assert b"agent" not in held(client)
    assert client.hkeys(keys_of(HOOK)[4]) == [mixed[0].id.encode()]
    assert b'"clicks":1,' in held(client)
    for key in keys_of(HOOK)[:4]:
        assert client.zcard(key) <= 1
    assert (int(client.hget(WEBHOOK_BYTES, HOOK) or 0) > 0) == (state == "waiting")
    assert told.erase(choice, ids, is_dry=False) == (0, {})


def test_clicks_of_another_time_stay(client: redis.Redis, outbox: Outbox, told: ToldClicks) -> None:
    outbox.enqueue([delivery_of(0, 2)])
    assert told.erase(Choice(code="a", since_ms=NOW_MS + 1), set(), is_dry=False) == (1, {})
    assert agents(client) == ["agent 0"]


def test_the_room_that_waits_is_what_is_left(
    client: redis.Redis, outbox: Outbox, told: ToldClicks
) -> None:
    outbox.enqueue([delivery_of(0, 1)])
    told.erase(Choice(code="a"), set(), is_dry=False)
    told.erase(Choice(code="b"), set(), is_dry=False)
    assert client.hget(WEBHOOK_BYTES, HOOK) == b"0"
    for key in keys_of(HOOK):
        assert not client.exists(key)


def test_who_has_read_clicks_before_an_erasure_tells_of_them_no_more(
    client: redis.Redis, outbox: Outbox, told: ToldClicks
) -> None:
    read_before = delivery_of(0, 1)
    told.erase(Choice(code="a"), set(), is_dry=False)
    with pytest.raises(LeaseLost):
        outbox.enqueue([read_before])
    assert agents(client) == []
    assert outbox.try_lease()
    assert outbox.places() == {}
    outbox.enqueue([delivery_of(1)])
    assert agents(client) == ["agent 1"]


def test_without_webhooks_nothing_is_written(client: redis.Redis, told: ToldClicks) -> None:
    client.delete(WEBHOOKS)
    assert told.erase(Choice(code="a"), set(), is_dry=False) == (0, {})
    assert not client.exists(WEBHOOK_PLACES)


@pytest.mark.parametrize("state", ["waiting", "delivered", "failed"])
def test_what_was_on_its_way_meanwhile_brings_nothing_back(
    client: redis.Redis, outbox: Outbox, told: ToldClicks, state: State
) -> None:
    mixed, alone = delivery_of(0, 1), delivery_of(0, at=2)
    outbox.enqueue([mixed, alone])
    told.erase(Choice(code="a"), set(), is_dry=False)
    assert outbox.finish(echoed(mixed[0]), state, NOW_MS)
    assert not outbox.finish(echoed(alone[0]), state, NOW_MS)
    assert agents(client) == ["agent 1"]
    assert b"agent" not in held(client)
    assert b'"clicks":1,' in held(client)


def test_what_is_sent_again_meanwhile_brings_nothing_back(
    client: redis.Redis, url: str, outbox: Outbox, told: ToldClicks, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = delivery_of(0, 1)
    outbox.enqueue([mixed])
    outbox.finish(echoed(mixed[0]), "failed", NOW_MS)
    deliveries, get, erased = Deliveries(client, url, 60.0, 1_000_000), Deliveries.get, []

    def get_and_be_late(self: Deliveries, *names: str) -> tuple[Delivery, bytes]:
        found = get(self, *names)
        if not erased:
            erased.append(told.erase(Choice(code="a"), set(), is_dry=False))
        return found

    monkeypatch.setattr(Deliveries, "get", get_and_be_late)
    assert deliveries.send_again(HOOK, mixed[0].id).clicks == 1
    assert b"agent" not in held(client)


def test_two_erasures_at_once_bring_nothing_of_each_other_back(
    client: redis.Redis, url: str, outbox: Outbox
) -> None:
    outbox.enqueue([delivery_of(0, 1, 2, 3)])
    call, others = caller(client, url, 30.0), [Choice(code="b")]

    def slowly(*command: Any) -> Any:
        found = call(*command)
        if command[0] == "HGET" and command[1] == keys_of(HOOK)[-1] and others:
            ToldClicks(call).erase(others.pop(), set(), is_dry=False)
        return found

    assert ToldClicks(slowly).erase(Choice(code="a"), set(), is_dry=False) == (2, {})
    assert agents(client) == []


@pytest.mark.parametrize("is_dry", [True, False])
@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("record", b"\xff"),
        ("record", b""),
        ("record", b'{"of": "a later version"}'),
        ("body", b"no zlib"),
        ("body", pack(b"{")),
        ("body", pack(b'{"data": {}}')),
        ("body", pack(b'{"data": {"clicks": [{"code": "a"}]}}')),
        ("body", pack(b'{"data": {"clicks": [{"click_id": "x", "code": "a", "time": ""}]}}')),
        ("body", pack(b'{"data": {"clicks": ["a"]}}')),
    ],
    ids=[
        "no text",
        "empty",
        "of a later version",
        "not packed",
        "no JSON",
        "no clicks",
        "no id",
        "no moment",
        "no click",
    ],
)
def test_a_delivery_that_cant_be_read_is_counted_as_left_and_keeps_no_other_from_being_erased(
    client: redis.Redis,
    outbox: Outbox,
    told: ToldClicks,
    part: str,
    text: bytes,
    *,
    is_dry: bool,
) -> None:
    broken, good = delivery_of(0), delivery_of(0, at=2)
    outbox.enqueue([broken, good])
    key = keys_of(HOOK)[-2 if part == "record" else -1]
    client.hset(key, broken[0].id, text)
    assert told.erase(Choice(code="a"), set(), is_dry=is_dry) == (1, {HOOK: 1})
    assert client.hget(key, broken[0].id) == text
    assert bool(client.hexists(key, good[0].id)) == is_dry


@pytest.mark.parametrize("key", keys_of(HOOK)[-2:])
def test_a_delivery_that_went_meanwhile_is_not_left(
    client: redis.Redis, outbox: Outbox, told: ToldClicks, key: str
) -> None:
    gone = delivery_of(0)
    outbox.enqueue([gone])
    client.hdel(key, gone[0].id)
    assert told.erase(Choice(code="a"), set(), is_dry=False) == (0, {})


def test_what_is_no_delivery_is_left_alone(
    client: redis.Redis, outbox: Outbox, told: ToldClicks
) -> None:
    client.hset(WEBHOOKS, "broken", b"{")
    client.hset(keys_of(HOOK)[4], "msg_x", b"\xff")
    outbox.enqueue([delivery_of(0)])
    assert told.erase(Choice(code="a"), set(), is_dry=False) == (1, {})


def test_many_deliveries_are_all_looked_through(
    client: redis.Redis, outbox: Outbox, told: ToldClicks
) -> None:
    outbox.enqueue([delivery_of(0, 1, at=number) for number in range(700)])
    assert told.erase(Choice(), {IDS[0]}, is_dry=False) == (700, {})
    assert agents(client) == ["agent 1"] * 700
