"""PATCH and DELETE of /api/v1/links/-/bulk."""

from collections.abc import Callable
from typing import Any

import falcon.testing
import orjson
import pytest

Client = falcon.testing.TestClient
PATH = "/api/v1/links/-/bulk"


@pytest.fixture(autouse=True)
def _made(links: Any) -> None:
    for code, tags in (("x", ["a"]), ("y", ["a", "b"]), ("z", ["c"])):
        links.create({"target": "https://example.com/", "tags": tags}, code=code)


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.text.splitlines()]


def outcomes(answer: Any) -> dict[str, str]:
    *each, end = lines(answer)
    assert end["complete"]
    return {line["code"]: line["outcome"] for line in each}


def test_links_are_changed_by_their_codes_and_a_repeat_changes_nothing(
    client: Client, links: Any
) -> None:
    body = {"codes": ["x", "z", "none"], "set": {"title": "T", "disabled": True}}
    assert outcomes(client.simulate_patch(PATH, json=body)) == {
        "x": "updated", "z": "updated", "none": "not_found",
    }  # fmt: skip
    assert (links.get("x").title, links.get("z").disabled, links.get("y").title) == ("T", True, "")
    *_, end = lines(client.simulate_patch(PATH, json=body))
    assert (end["updated"], end["unchanged"], end["not_found"]) == (0, 2, 1)


def test_links_are_deleted_by_a_filter_that_finds_as_many_as_expected(
    client: Client, links: Any
) -> None:
    body = {"filter": {"tag": "a"}, "expect": 2}
    assert outcomes(client.simulate_delete(PATH, json=body)) == {"x": "deleted", "y": "deleted"}
    assert [link.code for link in links.links.scan()] == ["z"]
    refused = client.simulate_delete(PATH, json=body)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/count-differs")
    again = {"codes": ["x", "y"]}
    assert set(outcomes(client.simulate_delete(PATH, json=again)).values()) == {"unchanged"}


def test_a_dry_run_says_what_would_be_done(client: Client, links: Any) -> None:
    body = {"codes": ["x", "y"]}
    answer = client.simulate_delete(PATH, params={"dry_run": "true"}, json=body)
    assert outcomes(answer) == {"x": "deleted", "y": "deleted"}
    assert not links.get("x").deleted


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("PATCH", {"codes": ["x"]}, "set"),
        ("PATCH", {"codes": ["x"], "set": {}}, "set"),
        ("PATCH", {"codes": ["x"], "set": {"status": 200}}, "status"),
        ("PATCH", {"codes": ["x"], "set": {"colour": "red"}}, "colour"),
        ("PATCH", {"codes": ["x"], "set": {"title": "a"}, "more": 1}, "more"),
        ("DELETE", {}, "codes"),
        ("DELETE", {"codes": ["x"], "filter": {"tag": "a"}, "expect": 2}, "codes"),
        ("DELETE", {"codes": [1]}, "codes"),
        ("DELETE", {"filter": {"tag": "a"}}, "expect"),
        ("DELETE", {"filter": {}, "expect": 3}, "filter"),
        ("DELETE", {"filter": {"sort": "code"}, "expect": 3}, "filter"),
        ("DELETE", {"codes": ["x"], "set": {"title": "a"}}, "set"),
    ],
)
def test_what_cannot_be_meant_is_named_and_nothing_is_done(
    client: Client, links: Any, method: str, body: Any, field: str
) -> None:
    answer = client.simulate_request(method, PATH, json=body)
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json["errors"]]
    assert {link.title for link in links.links.scan()} == {""}
    assert len(list(links.links.scan())) == 3


def test_a_key_for_some_tags_reaches_no_other_links(
    client_with: Callable[..., Client], links: Any
) -> None:
    ours = client_with("links:read", "links:write", tags=["b"])
    assert outcomes(ours.simulate_delete(PATH, json={"codes": ["x", "y", "z"]})) == {
        "x": "not_found", "y": "deleted", "z": "not_found",
    }  # fmt: skip
    refused = ours.simulate_delete(PATH, json={"filter": {"tag": "c"}, "expect": 1})
    assert refused.status_code == 409
    assert client_with("links:read").simulate_delete(PATH, json={"codes": ["x"]}).status_code == 403
    assert not links.get("z").deleted
