"""The list of links over HTTP, by the search index."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from app.changes.trail import Trail
from app.links.index.file import IndexFile
from app.links.index.follower import Follower, LinkClicks
from app.links.index.index import LinkIndex
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.console import Broken, client_of

PATH = "/api/v1/links"
Client = falcon.testing.TestClient


@pytest.fixture
def index(links: Any, redis_url: str, tmp_path: Path) -> LinkIndex:
    file = IndexFile(tmp_path / "links.db")
    return LinkIndex(file, links, Follower(file, links, Trail(links._client, redis_url)))


@pytest.fixture
def client(links: Any, index: LinkIndex) -> Client:
    return client_of(Broken(ClickHouseUnavailable("away")), links, index=index)


@pytest.fixture(autouse=True)
def _made(links: Any) -> None:
    for code, tags in (("x", ["a", "b"]), ("y", ["b"]), ("z", ["c"])):
        links.create({"target": f"https://example.com/{code}", "tags": tags}, code=code)
    links.update("y", {"disabled": True})
    links.delete("z")


def codes(client: Client, query: str) -> list[str]:
    answer = client.simulate_get(PATH, query_string=query)
    assert answer.status_code == 200, answer.text
    return [link["code"] for link in answer.json["data"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["y", "x"]),
        ("tag=a,b", ["y", "x"]),
        ("tag_all=a,b", ["x"]),
        ("tag=b&tag_none=A", ["y"]),
        ("state=disabled", ["y"]),
        ("state=deleted", ["z"]),
        ("q=COM/X", ["x"]),
        ("sort=code", ["x", "y"]),
        ("sort=code&order=desc", ["y", "x"]),
        ("order=asc", ["x", "y"]),
    ],
)
def test_filters_and_orders(client: Client, index: LinkIndex, query: str, found: list[str]) -> None:
    index.follower.fill()
    assert codes(client, query) == found


def test_clicks_are_shown_and_sorted_by_as_of_a_time(client: Client, index: LinkIndex) -> None:
    index.follower.fill()
    unknown = client.simulate_get(PATH, query_string="include=clicks").json
    assert unknown["clicks_as_of"] is None
    assert unknown["data"][0]["clicks"] is None
    index.follower.take_clicks([LinkClicks("x", 5, 1_700_000_000_123), LinkClicks("o", 1, 1)], 2e9)
    page = client.simulate_get(PATH, query_string="include=clicks&sort=clicks&limit=1").json
    assert page["clicks_as_of"] == "2033-05-18T03:33:20.000Z"
    [link] = page["data"]
    assert (link["code"], link["clicks"]) == ("x", 5)
    assert link["last_click_at"] == "2023-11-14T22:13:20.123Z"
    cursor = page["next_cursor"]
    assert codes(client, f"sort=clicks&cursor={cursor}") == ["y"]
    assert codes(client, "sort=last_click_at&order=asc") == ["y", "x"]
    other = client.simulate_get(PATH, query_string=f"sort=created_at&cursor={cursor}")
    assert other.status_code == 400


def test_until_the_index_is_filled_the_plain_list_works(client: Client) -> None:
    for query, found in (("", ["y", "x"]), ("tag=a", ["x"]), ("q=com/y&state=disabled", ["y"])):
        assert codes(client, query) == found
    for query in ("sort=clicks", "tag_all=a,b", "tag_none=a", "state=deleted"):
        answer = client.simulate_get(PATH, query_string=query)
        assert (answer.status_code, answer.json["type"]) == (503, "/problems/index-not-ready")
        assert "retry-after" in answer.headers


@pytest.mark.parametrize("make", [lambda links: links.create({"target": "https://a.b/"}, code="n")])
def test_a_write_is_read_at_once(
    client: Client, index: LinkIndex, links: Any, make: Callable[[Any], object]
) -> None:
    index.follower.fill()
    make(links)
    assert codes(client, "q=n&sort=code&state=live") == ["n"]
