from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import falcon.testing
import pytest
from redis import Redis

from app.changes.trail import open_trail
from app.clicks.click import to_fields
from app.console.api.dead_letters.endpoints import dead_letter_routes
from app.dead_letters.letter import Fault, to_letter
from app.dead_letters.shards import open_all_dead_letters
from tests.support.console import TOKEN, Broken, client_of
from tests.support.producers import STREAM, make_click

PATH = "/api/v1/dead-letters"
DEAD = "clicks:dead"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def client(make_settings, redis_url: str, links: Any) -> falcon.testing.TestClient:
    held = make_settings(redis_url=redis_url)
    trail = open_trail(held)
    routes = dead_letter_routes(open_all_dead_letters(held), trail)
    reports = Broken(RuntimeError("unasked"))
    return client_of(reports, links, TOKEN, trail=trail, more=routes, headers=BEARER)


def kill(redis: Redis, place: str, reason: str = "poison", extra: bytes = b"") -> str:
    flat = [text.encode() for pair in to_fields(make_click()).items() for text in pair]
    letter = to_letter(b"1-1", [*flat, b"odd", extra], Fault(reason, "it was"), "me", 1790000001000)
    return redis.execute_command("XADD", DEAD, place, *letter, b"deliveries", b"2").decode()


def listed(client: falcon.testing.TestClient, **params: Any) -> tuple[list[str], str | None]:
    answer = client.simulate_get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json["data"]], answer.json["next_cursor"]


def trail_of(client: falcon.testing.TestClient) -> list[tuple[str, str, str]]:
    lines = client.simulate_get("/api/v1/audit").json["data"]
    return [(line["what"], line["subject"], line["via"]) for line in lines]


def test_letters_are_listed_newest_first_with_all_that_came(client: Any, redis: Redis) -> None:
    kill(redis, "10-0", "bad_ip", b"\xff\x00")
    kill(redis, "20-0")
    answer = client.simulate_get(PATH)
    newest, oldest = answer.json["data"]
    assert (newest["id"], oldest["id"], answer.json["next_cursor"]) == ("20-0", "10-0", None)
    assert (oldest["reason"], oldest["deliveries"]) == ("bad_ip", 2)
    assert {"name": "odd", "value": "\\xff\x00"} in oldest["fields"]
    assert client.simulate_get(f"{PATH}/10-0").json == oldest


def test_pages_go_on_where_they_ended_whatever_dies_meanwhile(client: Any, redis: Redis) -> None:
    for number in range(1, 6):
        kill(redis, f"7-{number}")
    first, cursor = listed(client, limit=2)
    kill(redis, "8-0")
    second, cursor = listed(client, limit=2, cursor=cursor)
    third, end = listed(client, limit=2, cursor=cursor)
    assert [first, second, third, end] == [["7-5", "7-4"], ["7-3", "7-2"], ["7-1"], None]
    link = client.simulate_get(PATH, params={"limit": 2, "reason": "poison"}).headers["link"]
    following = link.partition(">")[0].removeprefix("<")
    assert [one["id"] for one in client.simulate_get(following).json["data"]] == ["7-4", "7-3"]


def test_reason_and_times_narrow_the_list(client: Any, redis: Redis) -> None:
    kill(redis, "1790000000000-0", "bad_ip")
    kill(redis, "1790000001000-0")
    kill(redis, "1790000002000-0")
    assert listed(client, reason="bad_ip")[0] == ["1790000000000-0"]
    assert listed(client, reason="nothing")[0] == []
    times = {"since": "2026-09-21T14:13:21", "until": "2026-09-21T14:13:22"}
    assert listed(client, **times)[0] == ["1790000001000-0"]


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("limit=0&since=soon&colour=red", {"limit", "since", "colour"}),
        ("limit=101", {"limit"}),
        ("limit=%D9%A3", {"limit"}),
        ("reason=a&reason=b", {"reason"}),
        ("cursor=nonsense", {"cursor"}),
        ("cursor=%FF%00", {"cursor"}),
        ("until=9999999999999", {"until"}),
    ],
)
def test_all_that_cannot_be_used_is_named(client: Any, query: str, faults: set[str]) -> None:
    answer = client.simulate_get(PATH, query_string=query)
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json["errors"]} == faults


def test_a_cursor_of_another_query_is_refused(client: Any, redis: Redis) -> None:
    for number in range(1, 4):
        kill(redis, f"7-{number}")
    _, cursor = listed(client, limit=1)
    answer = client.simulate_get(PATH, params={"cursor": cursor, "reason": "poison"})
    assert answer.status_code == 400
    assert "other parameters" in answer.json["detail"]


def test_a_requeued_letter_is_an_entry_again_and_leaves_a_line(client: Any, redis: Redis) -> None:
    kill(redis, "10-0")
    answer = client.simulate_post(f"{PATH}/10-0/requeue")
    assert (answer.status_code, answer.text) == (204, "")
    assert (redis.xlen(STREAM), redis.xlen(DEAD)) == (1, 0)
    assert trail_of(client) == [("letter.requeued", "10-0", "http")]
    again = client.simulate_post(f"{PATH}/10-0/requeue")
    assert (again.status_code, again.json["type"]) == (404, "/problems/letter-not-found")
    assert (redis.xlen(STREAM), len(trail_of(client))) == (1, 1)


def test_of_many_who_send_a_letter_again_at_once_one_does(client: Any, redis: Redis) -> None:
    kill(redis, "10-0")
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(client.simulate_post, f"{PATH}/10-0/requeue") for _ in range(8)]
        statuses = sorted(each.result().status_code for each in asked)
    assert statuses == [204] + [404] * 7
    assert redis.xlen(STREAM) == 1
    assert len(trail_of(client)) == 1


def test_a_letter_that_was_cut_is_not_sent_again_and_leaves_no_line(
    client: Any, redis: Redis
) -> None:
    kill(redis, "10-0", extra=b"x" * 200_000)
    answer = client.simulate_post(f"{PATH}/10-0/requeue")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/letter-incomplete")
    assert (redis.xlen(DEAD), trail_of(client)) == (1, [])


def test_a_discarded_letter_is_gone_for_good(client: Any, redis: Redis) -> None:
    kill(redis, "10-0")
    assert client.simulate_delete(f"{PATH}/10-0").status_code == 204
    assert (redis.xlen(STREAM), redis.xlen(DEAD)) == (0, 0)
    assert client.simulate_delete(f"{PATH}/10-0").status_code == 404
    assert trail_of(client) == [("letter.purged", "10-0", "http")]


@pytest.mark.parametrize(
    "letter_id", ["1-1", "x", "%00", "1-1@zz", "1-1@", "9" * 40, "%F0%9F%90%8D"]
)
def test_what_is_no_letter_is_not_found(client: Any, letter_id: str) -> None:
    one = f"{PATH}/{letter_id}"
    for method, path in (("GET", one), ("DELETE", one), ("POST", f"{one}/requeue")):
        answer = client.simulate_request(method, path)
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/letter-not-found")
