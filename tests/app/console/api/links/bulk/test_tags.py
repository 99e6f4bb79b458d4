"""/api/v1/tags and /api/v1/tags/{tag}."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import falcon.testing
import pytest

from app.keys.store import KeyStore
from app.reports.reading.reader import Reports
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.console import TOKEN, Broken, client_of

Client = falcon.testing.TestClient
PATH = "/api/v1/tags"


@pytest.fixture
def make_client(links: Any, redis_url: str) -> Iterator[Callable[..., Client]]:
    with connect(redis_url, timeout_seconds=30) as redis:
        keys = KeyStore(redis, redis_url)
        app = client_of(Broken(ClickHouseUnavailable("away")), links, TOKEN, keys=keys).app

        def make(*scopes: Any, tags: Any = ()) -> Client:
            _, credential = keys.add("some", scopes, tags=tags)
            return Client(app, headers={"Authorization": f"Bearer {credential.text}"})

        yield make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client("links:read", "links:write")


@pytest.fixture(autouse=True)
def _tagged(links: Any) -> None:
    for code, tags in (("x", ["a/b", "c"]), ("y", ["c"]), ("z", ["d"])):
        links.create({"target": "https://example.com/", "tags": tags}, code=code)


def names(client: Client) -> dict[str, int]:
    return {tag["name"]: tag["links"] for tag in client.simulate_get(PATH).json["data"]}


def test_tags_come_by_pages(client: Client) -> None:
    page = client.simulate_get(PATH, params={"limit": 2})
    assert [tag["name"] for tag in page.json["data"]] == ["a/b", "c"]
    assert page.headers["link"] == f'<{PATH}?limit=2&cursor=c>; rel="next"'
    rest = client.simulate_get(PATH, params={"limit": 2, "cursor": "c"}).json
    assert rest == {"data": [{"name": "d", "links": 1, "becomes": None}], "next_cursor": None}


@pytest.mark.parametrize("path", ["a%2Fb", "a/b", "A%2fB"])
def test_a_tag_with_a_slash_is_renamed(client: Client, path: str) -> None:
    answer = client.simulate_patch(f"{PATH}/{path}", json={"name": "New"})
    assert (answer.status_code, answer.json) == (200, {"updated": 1, "refused": 0})
    assert names(client) == {"c": 2, "d": 1, "new": 1}


def test_a_tag_is_taken_off(client: Client) -> None:
    answer = client.simulate_delete(f"{PATH}/c")
    assert (answer.status_code, answer.json) == (200, {"updated": 2, "refused": 0})
    assert names(client) == {"a/b": 1, "d": 1}
    assert client.simulate_delete(f"{PATH}/c").status_code == 404


def test_tags_are_merged_only_on_demand(client: Client) -> None:
    refused = client.simulate_patch(f"{PATH}/c", json={"name": "d"})
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/tag-taken")
    merged = client.simulate_patch(f"{PATH}/c", json={"name": "d", "merge": True})
    assert merged.json["updated"] == 2


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": 1}, {"name": "<"}, {"name": "x", "more": 1}, {"name": None},
     {"name": "x", "merge": "yes"}],
)  # fmt: skip
def test_what_cannot_be_a_tag_is_named_by_field(client: Client, body: Any) -> None:
    answer = client.simulate_patch(f"{PATH}/c", json=body)
    assert answer.status_code == 422
    assert answer.json["errors"]
    assert names(client)["c"] == 2


def test_a_key_restricted_to_a_tag_neither_renames_nor_removes_it(
    make_client: Callable[..., Client],
) -> None:
    ours = make_client("links:read", "links:write", tags=["c"])
    assert names(ours) == {"a/b": 1, "c": 2}
    for answer in (
        ours.simulate_patch(f"{PATH}/c", json={"name": "d"}),
        ours.simulate_delete(f"{PATH}/c"),
    ):
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/tag-kept")
    assert ours.simulate_patch(f"{PATH}/d", json={"name": "c"}).status_code == 404
    assert ours.simulate_patch(f"{PATH}/a%2Fb", json={"name": "e"}).json["updated"] == 1


def test_reading_and_writing_take_their_rights(make_client: Callable[..., Client]) -> None:
    assert make_client("links:write").simulate_get(PATH).status_code == 403
    assert make_client("links:read").simulate_delete(f"{PATH}/c").status_code == 403


def test_people_are_counted_by_tag_for_who_may_see_reports(
    make_client: Callable[..., Client], links: Any, migrated_url: str
) -> None:
    now = datetime.now(UTC)
    clicked = [click_row(now, short_code=code) for code in ("x", "y", "y", "z")]
    insert_clicks(migrated_url, *clicked, bot_row(now, short_code="x"))
    with Reports(migrated_url, timeout_seconds=30) as reports:
        client = Client(client_of(reports, links).app)
        page = client.simulate_get(PATH, params={"include": "clicks"}).json
        assert {tag["name"]: tag["humans"] for tag in page["data"]} == {"a/b": 1, "c": 3, "d": 1}


def test_what_counts_too_much_or_may_not_be_counted_is_refused(
    make_client: Callable[..., Client],
) -> None:
    both = make_client("links:read", "stats:read")
    for client, params, status, kind in (
        (make_client("links:read"), {"include": "clicks"}, 403, "insufficient-scope"),
        (both, {"include": "clicks", "limit": 21}, 400, "invalid-parameter"),
        (both, {"include": "all"}, 400, "invalid-parameter"),
        (both, {"include": "clicks"}, 503, "about:blank"),
    ):
        answer = client.simulate_get(PATH, params=params)
        assert (answer.status_code, answer.json["type"].rpartition("/")[2]) == (status, kind)


def test_people_of_other_tags_are_not_told_to_a_key_with_tags(
    make_client: Callable[..., Client],
) -> None:
    client = make_client("links:read", "stats:read", tags=("a/b",))
    page = client.simulate_get(PATH, params={"include": "clicks", "cursor": "a/b"}).json
    assert page["data"] == [{"name": "c", "links": 1, "becomes": None, "humans": None}]


def test_clicks_of_tags_are_counted_as_reports_are(make_client: Callable[..., Client]) -> None:
    client = make_client("links:read")
    for params, policy in (({}, "reads"), ({"include": "clicks"}, "reports")):
        limit = client.simulate_get(PATH, params=params).headers["ratelimit"]
        assert limit.startswith(f'"{policy}"')
