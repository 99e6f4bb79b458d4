"""What can be done with links over HTTP."""

import threading
from collections.abc import Callable
from typing import Any

import falcon.testing
import pytest

from app.console.api.links.models import LinkView
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.support.console import SHORT, Broken, client_of

TARGET = "https://example.com/a?b=c"
Client = falcon.testing.TestClient


def make(client: Client, **given: Any) -> Any:
    answer = client.simulate_post("/api/v1/links", json={"target": TARGET, **given})
    assert answer.status_code == 201, answer.text
    return answer


def faults(answer: Any) -> dict[str, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {each["field"]: each["message"] for each in answer.json["errors"]}


def test_a_link_is_made_and_found_where_the_answer_says(client: Client, links: Any) -> None:
    made = make(client, code="sale", tags=["B", "a"], expires_at="2030-01-01", click_limit=3)
    assert made.headers["location"] == "/api/v1/links/sale"
    assert made.json["short_url"] == f"{SHORT}/sale"
    assert made.json["expires_at"] == "2030-01-01T00:00:00Z"
    assert (made.json["tags"], made.json["state"], made.json["uses"]) == (["a", "b"], "live", 0)
    LinkView.model_validate_json(made.text)
    found = client.simulate_get(made.headers["location"])
    assert found.json == made.json
    assert found.headers["etag"] == made.headers["etag"]
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["x-request-id"]
    assert links.get("sale").target == TARGET


def test_without_a_code_one_is_made_up(client: Client) -> None:
    codes = {make(client).json["code"], make(client, code=None).json["code"]}
    assert len(codes) == 2


def test_head_says_what_get_does_without_the_link(client: Client) -> None:
    made = make(client, code="sale")
    head = client.simulate_head("/api/v1/links/sale")
    assert (head.status_code, head.text) == (200, "")
    assert head.headers["etag"] == made.headers["etag"]


def test_a_taken_code_is_a_conflict_also_once_its_link_is_deleted(client: Client) -> None:
    make(client, code="sale")
    body = {"target": TARGET, "code": "sale"}
    for _ in range(2):
        answer = client.simulate_post("/api/v1/links", json=body)
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/code-taken")
        client.simulate_delete("/api/v1/links/sale")


def test_all_that_is_wrong_is_named_at_once_whether_of_type_or_of_value(client: Client) -> None:
    body = {
        "code": "a/b",
        "target": "ftp://example.com/",
        "status": 200,
        "title": "a\x00b",
        "click_limit": "5",
        "tags": "a,b",
        "disabled": "yes",
        "forward_query": None,
        "expires_at": 1.5,
        "cache_control": {"a": [1]},
        "colour": "red",
    }
    answer = client.simulate_post("/api/v1/links", json=body)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid-link")
    assert faults(answer).keys() == body.keys()
    assert faults(answer)["click_limit"] == "'5' is no whole number"
    assert faults(answer)["colour"] == "links have no such option"
    assert faults(answer)["cache_control"] == "an object is no text"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_link_has_to_lead_somewhere(client: Client, method: str) -> None:
    path = "/api/v1/links" if method == "POST" else "/api/v1/links/sale"
    answer = client.simulate_request(method, path, json={"title": 5})
    assert faults(answer) == {
        "target": "it is missing: say where the link leads",
        "title": "5 is no text",
    }


def test_a_patch_changes_what_it_names_and_null_takes_away(client: Client) -> None:
    make(client, code="sale", title="T", tags=["a"], click_limit=3, status=301, disabled=True)
    for media_type in ("application/merge-patch+json", "application/json; charset=utf-8"):
        answer = client.simulate_patch(
            "/api/v1/links/sale",
            body='{"title": "U", "tags": null, "click_limit": null, "status": null}',
            headers={"Content-Type": media_type},
        )
        shown = answer.json
        assert answer.status_code == 200
        assert (shown["title"], shown["tags"], shown["click_limit"]) == ("U", [], None)
        assert (shown["status"], shown["disabled"], shown["target"]) == (302, True, TARGET)


def test_what_a_patch_cannot_change_is_named(client: Client) -> None:
    make(client, code="sale")
    body = {"code": "x", "target": None, "short_url": "x", "status": 200, "title": 1}
    answer = client.simulate_patch("/api/v1/links/sale", json=body)
    assert (answer.status_code, faults(answer).keys()) == (422, body.keys())
    assert client.simulate_get("/api/v1/links/sale").json["target"] == TARGET


def test_put_makes_a_link_or_stands_in_its_place_and_can_be_repeated(client: Client) -> None:
    first = client.simulate_put("/api/v1/links/sale", json={"target": TARGET, "title": "T"})
    assert (first.status_code, first.headers["location"]) == (201, "/api/v1/links/sale")
    for _ in range(2):
        again = client.simulate_put("/api/v1/links/sale", json={"target": TARGET})
        assert (again.status_code, again.json["title"]) == (200, "")
    assert again.json["created_at"] == first.json["created_at"]


def test_put_can_be_told_to_make_only_a_new_link(client: Client) -> None:
    only_new = {"If-None-Match": "*"}
    body = {"target": TARGET}
    answers = [
        client.simulate_put("/api/v1/links/sale", json=body, headers=only_new) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 412]


def test_links_are_switched_off_and_on(client: Client) -> None:
    make(client, code="sale")
    off = client.simulate_post("/api/v1/links/sale/disable")
    assert (off.status_code, off.json["state"]) == (200, "disabled")
    on = client.simulate_post("/api/v1/links/sale/enable")
    assert (on.status_code, on.json["state"]) == (200, "live")


def test_a_deleted_link_is_gone_for_every_method(client: Client) -> None:
    make(client, code="sale")
    path = "/api/v1/links/sale"
    deleted = client.simulate_delete(path)
    assert (deleted.status_code, deleted.text) == (204, "")
    answers = [
        client.simulate_get(path),
        client.simulate_delete(path),
        client.simulate_patch(path, json={}),
        client.simulate_put(path, json={"target": TARGET}),
        client.simulate_post(f"{path}/enable"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json["type"]) == (410, "/problems/link-deleted")


def test_an_unknown_code_is_not_found_by_any_method(client: Client) -> None:
    for code in ("nobody", "..%2f..%2fetc", "a%00b", "%ff", "-", "x" * 65, "a%0d%0aX:%20y"):
        for method in ("GET", "DELETE", "PATCH"):
            answer = client.simulate_request(method, f"/api/v1/links/{code}", json={})
            assert answer.status_code == 404, code
    answer = client.simulate_put("/api/v1/links/a%0d%0aX:%20y", json={"target": TARGET})
    assert (answer.status_code, list(faults(answer))) == (422, ["code"])


def test_of_two_who_saw_the_same_version_the_second_is_told(client: Client) -> None:
    seen = {"If-Match": make(client, code="sale").headers["etag"]}
    path = "/api/v1/links/sale"
    first = client.simulate_patch(path, json={"title": "first"}, headers=seen)
    assert first.status_code == 200
    late = [
        client.simulate_patch(path, json={"title": "late"}, headers=seen),
        client.simulate_put(path, json={"target": TARGET}, headers=seen),
        client.simulate_post(f"{path}/disable", headers=seen),
        client.simulate_delete(path, headers=seen),
    ]
    assert [(answer.status_code, answer.json["type"]) for answer in late] == [
        (412, "/problems/link-changed")
    ] * 4
    now = {"If-Match": f'"other", {first.headers["etag"]}'}
    assert client.simulate_delete(path, headers=now).status_code == 204


def test_of_many_at_the_same_time_one_changes_the_version(client: Client) -> None:
    seen = {"If-Match": make(client, code="sale").headers["etag"]}
    start, statuses = threading.Barrier(5), list[int]()

    def edit(title: str) -> None:
        start.wait(60)
        answer = client.simulate_patch("/api/v1/links/sale", json={"title": title}, headers=seen)
        statuses.append(answer.status_code)

    editors = [threading.Thread(target=edit, args=(str(number),)) for number in range(5)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join(60)
    assert sorted(statuses) == [200, 412, 412, 412, 412]


@pytest.mark.parametrize(
    ("condition", "status"),
    [("*", 200), ('W/"a"', 412), ("", 400), ("a", 400), ('"a" "b"', 400), ('"a",', 400)],
)
def test_a_condition_is_never_taken_for_none(client: Client, condition: str, status: int) -> None:
    make(client, code="sale")
    headers = {"If-Match": condition}
    answer = client.simulate_patch("/api/v1/links/sale", json={"title": "x"}, headers=headers)
    assert answer.status_code == status
    if status == 400:
        assert answer.json["parameter"] == "If-Match"
    other = {"If-None-Match": '"a"'}
    put = client.simulate_put("/api/v1/links/sale", json={"target": TARGET}, headers=other)
    assert (put.status_code, put.json["parameter"]) == (400, "If-None-Match")


def test_a_link_that_has_to_be_there_is_not_made(client: Client, links: Any) -> None:
    path, body = "/api/v1/links/sale", {"target": TARGET}
    any_version = {"If-Match": "*"}
    assert client.simulate_put(path, json=body, headers=any_version).status_code == 404
    both = client.simulate_put(path, json=body, headers={**any_version, "If-None-Match": "*"})
    assert (both.status_code, both.json["parameter"]) == (400, "If-None-Match")
    assert links.links.count() == 0
    make(client, code="sale")
    assert client.simulate_put(path, json=body, headers=any_version).status_code == 200


@pytest.mark.parametrize("form", ["W/{},{}", 'W/"a",{}', '{},W/"a"', 'W/"W/",{}', '"W/",{}'])
def test_a_version_is_found_among_weak_ones(client: Client, form: str) -> None:
    etag = make(client, code="sale").headers["etag"]
    headers = {"If-Match": form.replace("{}", etag)}
    assert client.simulate_delete("/api/v1/links/sale", headers=headers).status_code == 204


def test_a_method_that_is_not_there_is_said_so(client: Client) -> None:
    answer = client.simulate_post("/api/v1/links/sale")
    assert answer.status_code == 405
    assert "PATCH" in answer.headers["allow"]


def test_without_redis_the_client_is_asked_to_come_back() -> None:
    broken = Broken(RedisUnavailable("secret.example is away"))
    client = client_of(Broken(ClickHouseUnavailable("away")), broken)
    for answer in (
        client.simulate_post("/api/v1/links", json={"target": TARGET}),
        client.simulate_get("/api/v1/links/sale"),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "secret" not in answer.text


def test_what_is_no_link_in_redis_is_a_fault_of_ours(client: Client, links: Any) -> None:
    links._client.set("link:odd", b"{no json")
    answer = client.simulate_get("/api/v1/links/odd")
    assert (answer.status_code, answer.json["type"]) == (500, "/problems/link-unreadable")


def test_a_key_for_some_tags_sees_changes_and_makes_no_other_links(
    client_with: Callable[..., Client], links: Any
) -> None:
    client = client_with("links:read", "links:write", tags=["summer"])
    links.create({"target": TARGET}, code="other")
    answers = [
        client.simulate_get("/api/v1/links/other"),
        client.simulate_patch("/api/v1/links/other", json={"title": "x"}),
        client.simulate_post("/api/v1/links/other/disable"),
        client.simulate_delete("/api/v1/links/other"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    unmarked = client.simulate_post("/api/v1/links", json={"target": TARGET})
    assert faults(unmarked) == {"tags": "one has to be summer"}
    body = {"target": TARGET, "tags": ["Summer"], "code": "mine"}
    assert client.simulate_post("/api/v1/links", json=body).status_code == 201
    assert client.simulate_get("/api/v1/links/mine").status_code == 200


def test_who_may_only_read_links_changes_none(
    client_with: Callable[..., Client], links: Any
) -> None:
    links.create({"target": TARGET}, code="sale")
    client = client_with("links:read")
    assert client.simulate_get("/api/v1/links/sale").status_code == 200
    answer = client.simulate_delete("/api/v1/links/sale")
    assert (answer.status_code, answer.json["scope"]) == (403, "links:write")
