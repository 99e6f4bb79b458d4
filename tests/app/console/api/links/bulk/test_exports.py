"""Exports of links over HTTP, which an import reads back."""

import json
from collections.abc import Callable
from typing import Any

import falcon.testing
import pytest

from app.console.api.links.bulk.exports import EXPORT_PATH
from app.console.api.links.bulk.imports import IMPORT_PATH
from app.links.store import open_store
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.console import Broken, client_of

Client = falcon.testing.TestClient


@pytest.mark.parametrize(
    ("form", "media_type"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")]
)
def test_what_is_exported_is_what_is_there_and_is_read_back(
    client: Client, links: Any, form: str, media_type: str
) -> None:
    for number in range(1200):
        links.create({"target": f"https://example.com/{number}", "tags": ["a", "b"]})
    answer = client.simulate_get(EXPORT_PATH, params={"format": form})
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["content-disposition"] == f'attachment; filename="links.{form}"'
    assert len(answer.text.splitlines()) == 1200 + (form == "csv")
    headers = {"Content-Type": media_type}
    again = client.simulate_post(IMPORT_PATH, body=answer.text, headers=headers)
    assert json.loads(again.text.splitlines()[-1])["unchanged"] == 1200


def test_an_export_of_no_links_names_the_columns(client: Client) -> None:
    answer = client.simulate_get(EXPORT_PATH)
    assert (answer.status_code, answer.text.count("\n")) == (200, 1)
    assert answer.text.startswith("code,target,")
    for _ in range(5):
        head = client.simulate_head(EXPORT_PATH)
        assert head.headers["content-type"] == answer.headers["content-type"]


def test_an_unknown_format_is_named(client: Client) -> None:
    answer = client.simulate_get(EXPORT_PATH, params={"format": "xlsx"})
    assert (answer.status_code, answer.json["parameter"]) == (400, "format")


@pytest.mark.parametrize("tags", [["summer"], ["summer", "autumn"]])
def test_a_key_for_some_tags_gets_their_links_alone(
    client_with: Callable[..., Client], links: Any, tags: list[str]
) -> None:
    links.create({"target": "https://example.com/", "tags": ["summer"]}, code="mine")
    links.create({"target": "https://example.com/"}, code="other")
    client = client_with("links:read", tags=tags)
    answer = client.simulate_get(EXPORT_PATH, params={"format": "ndjson"})
    assert [json.loads(line)["code"] for line in answer.text.splitlines()] == ["mine"]


def test_redis_being_away_is_an_answer_of_its_own(make_settings: Any) -> None:
    store = open_store(make_settings(redis_url="redis://127.0.0.1:1/0", redis_timeout_seconds=1))
    client = client_of(Broken(ClickHouseUnavailable("away")), store)
    assert client.simulate_get(EXPORT_PATH).status_code == 503


def test_criteria_choose_what_is_exported(client: Client, links: Any) -> None:
    for number in range(1100):
        links.create({"target": f"https://example.com/{number}", "tags": ["a"]})
    links.create({"target": "https://example.com/other"}, code="other")
    answer = client.simulate_get(EXPORT_PATH, params={"format": "ndjson", "tag": "a"})
    assert len(set(answer.text.splitlines())) == 1100
    answer = client.simulate_get(EXPORT_PATH, params={"q": "other"})
    assert [line.split(",")[0] for line in answer.text.splitlines()] == ["code", "other"]
    assert client.simulate_get(EXPORT_PATH, params={"sort": "clicks"}).status_code == 503


@pytest.mark.parametrize("name", ["cursor", "limit", "state"])
def test_criteria_that_are_none_are_named(client: Client, name: str) -> None:
    answer = client.simulate_get(EXPORT_PATH, params={name: "odd"})
    assert (answer.status_code, answer.json["parameter"]) == (400, name)
