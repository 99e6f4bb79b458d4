from collections.abc import Callable
from typing import Any

import falcon.testing
import pytest

from app.clicks.click import Click, new_click_id, to_fields
from app.config.settings import Settings
from app.dead_letters.letter import Fault, to_letter
from app.links.store import LinkStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks
from tests.support.console import Broken, clicks_of, client_of

PATH = "/api/v1/clicks"
NOON_MS = int(NOON.timestamp() * 1000)


@pytest.fixture
def redis(redis_url: str) -> Any:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


def click_of(**fields: str) -> Click:
    known = {
        "click_id": new_click_id(NOON_MS, bytes(10)),
        "short_code": "abc",
        "timestamp": NOON_MS // 1000,
        "ip": "203.0.113.7",
        "user_agent": "Mozilla/5.0",
        "referer": "https://news.example/a?b=c",
        "original_url": "https://example.com/",
        "accept_language": "de-AT",
        "query": "utm_source=x&gclid=secret",
    }
    return Click(**(known | fields))  # type: ignore[arg-type]


def explained(client: falcon.testing.TestClient, click_id: str) -> Any:
    answer = client.simulate_get(f"{PATH}/{click_id}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_stored_click_is_told_with_its_verdict_and_what_said_so(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    row = bot_row(reasons="bot-word,shadow:headless", rules_version="r1", data_version="d1")
    insert_clicks(migrated_url, row)
    insert_clicks(migrated_url, row | {"country": "FR", "enriched_at": NOON.replace(hour=13)})
    found = explained(client, row["click_id"].hex())
    assert (found["state"], found["source"], found["rows"]) == ("stored", "row", 2)
    assert (found["row"]["verdict"], found["row"]["country"]) == ("bot", "FR")
    assert found["row"]["time"] == "2026-05-10T12:00:00.000Z"
    said = {rule["rule"] for rule in found["rules"] if rule["stored"]}
    assert said == {"bot-word", "headless"}
    assert found["versions"] == {
        "rules_version": "r1",
        "data_version": "d1",
        "geo_version": "2026-05",
    }
    dashed = explained(client, str(row["click_id"].hex()).upper())
    assert dashed == found


def test_a_click_on_its_way_is_told_without_what_no_row_would_keep(
    client: falcon.testing.TestClient, redis: Any, held: Settings
) -> None:
    click = click_of()
    entry_id = redis.xadd(held.stream, to_fields(click)).decode()
    found = explained(client, click.click_id.hex())
    assert (found["state"], found["source"], found["row"]) == ("unread", "stream", None)
    assert found["came_in"] == {
        "short_code": "abc",
        "original_url": "https://example.com/",
        "ip": "203.0.113.0",
        "user_agent": "Mozilla/5.0",
        "referer": "https://news.example/a?b=c",
    }
    assert {rule["stored"] for rule in found["rules"]} == {None}
    redis.xgroup_create(held.stream, held.group, "0")
    redis.xreadgroup(held.group, "me", {held.stream: ">"})
    assert explained(client, entry_id)["state"] == "pending"


def test_of_a_click_that_is_only_counted_nothing_of_its_visitor_is_told(
    client: falcon.testing.TestClient, redis: Any, held: Settings
) -> None:
    click = click_of(count_only="1")
    redis.xadd(held.stream, to_fields(click))
    came_in = explained(client, click.click_id.hex())["came_in"]
    assert came_in["referer"] == "https://news.example/"
    assert came_in.keys() == {"short_code", "original_url", "referer"}


def test_a_dead_letter_is_told_with_its_reason_and_not_what_nobody_understood(
    client: falcon.testing.TestClient, redis: Any, held: Settings
) -> None:
    flat = [b"short_code", b"abc", b"ip", b"203.0.113.7"]
    letter = to_letter(b"1790000000000-0", flat, Fault("missing_field", "no ip"), "me", NOON_MS)
    letter_id = redis.execute_command("XADD", held.dead_stream, "*", *letter).decode()
    found = explained(client, letter_id)
    assert (found["state"], found["came_in"]) == ("dead", {})
    assert found["fault"].startswith("missing_field")
    assert "missing_field" in [each["note"] for each in found["stages"]]


def test_a_key_with_tags_is_told_of_clicks_of_their_links_alone(
    client: falcon.testing.TestClient,
    migrated_url: str,
    links: LinkStore,
    key: Callable[..., dict[str, str]],
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")
    links.create({"target": "https://example.com/"}, code="a")
    rows = [click_row(short_code=code) for code in ("c", "a", "nothing")]
    insert_clicks(migrated_url, *rows)
    headers = key("spring")
    answers = [
        client.simulate_get(f"{PATH}/{row['click_id'].hex()}", headers=headers) for row in rows
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    unknown = client.simulate_get(f"{PATH}/{'0' * 32}", headers=headers)
    assert unknown.json["detail"] == answers[1].json["detail"] == answers[2].json["detail"]
    assert unknown.json["type"] == "/problems/click-not-found"
    assert (
        client.simulate_get(f"{PATH}/{'0' * 32}", headers=key(scopes=("stats:read",))).status_code
        == 403
    )


@pytest.mark.parametrize("text", ["abc", "0" * 31, "1-2-3", "%00", "é", "0" * 9000])
def test_what_is_no_id_is_named(client: falcon.testing.TestClient, text: str) -> None:
    answer = client.simulate_get(f"{PATH}/{text}")
    assert (answer.status_code, answer.json["parameter"]) == (400, "click_id")


def test_of_nothing_it_is_told_why(client: falcon.testing.TestClient) -> None:
    answer = client.simulate_get(f"{PATH}/{'0' * 32}")
    assert answer.status_code == 404
    assert "nothing is left of click" in answer.json["detail"]
    assert client.simulate_get(f"{PATH}/{'0' * 32}", params={"a": "1"}).status_code == 400


def test_without_clickhouse_what_redis_has_is_told(
    links: LinkStore, held: Settings, redis: Any
) -> None:
    away = held.model_copy(update={"clickhouse_url": "clickhouse://127.0.0.1:1/hopline"})
    reports = Broken(ClickHouseUnavailable("away"))
    client = client_of(reports, links, more=clicks_of(away, links))
    click = click_of()
    redis.xadd(held.stream, to_fields(click))
    found = explained(client, click.click_id.hex())
    assert (found["state"], found["is_clickhouse_away"]) == ("unread", True)
    assert client.simulate_get(f"{PATH}/{'0' * 32}").status_code == 503
