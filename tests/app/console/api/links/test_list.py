"""The list of links over HTTP."""

import base64
from typing import Any

import falcon.testing
import orjson
import pytest

from app.console.api.links.models import LinkPage
from app.console.api.links.paging import write_cursor
from app.keys.store import KeyStore
from app.links.index.question import Place, Question
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import TOKEN, Broken, client_of

PATH = "/api/v1/links"
Client = falcon.testing.TestClient


def make(links: Any, *codes: str, **given: object) -> None:
    for code in codes:
        links.create({"target": "https://example.com/", **given}, code=code)


def listed(client: Client, query: str) -> Any:
    answer = client.simulate_get(PATH, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer


def test_the_list_is_gone_through_by_following_its_links(client: Client, links: Any) -> None:
    make(links, *"abcde", tags=["t"])
    make(links, "other")
    answer, codes = listed(client, "tag=T&limit=2"), list[str]()
    while True:
        page = LinkPage.model_validate_json(answer.text)
        codes += [link.code for link in page.data]
        if page.next_cursor is None:
            break
        make(links, f"new{len(codes)}", tags=["t"])
        following = answer.headers["link"]
        assert following.endswith('>; rel="next"')
        assert f"cursor={page.next_cursor}" in following
        path, _, query = following[1 : following.index(">")].partition("?")
        assert path == PATH
        answer = listed(client, query)
    assert "link" not in answer.headers
    assert sorted(codes) == list("abcde")


def test_the_list_says_of_a_link_what_the_link_says_of_itself(client: Client, links: Any) -> None:
    make(links, "sale", click_limit=2, title="T")
    [shown] = listed(client, "").json["data"]
    assert shown == client.simulate_get(f"{PATH}/sale").json
    head = client.simulate_head(PATH)
    assert (head.status_code, head.text) == (200, "")


def test_text_and_state_narrow_the_list(client: Client, links: Any) -> None:
    make(links, "autumn", "winter")
    make(links, "autumn2", disabled=True)
    found = listed(client, "q=AUTUMN&state=disabled").json
    assert ([link["code"] for link in found["data"]], found["next_cursor"]) == (["autumn2"], None)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=", "limit"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=٣", "limit"),
        ("limit=1&limit=2", "limit"),
        ("sort=title", "sort"),
        ("order=up", "order"),
        ("include=all", "include"),
        ("tag_none=%3Cb%3E", "tag_none"),
        ("state=Live", "state"),
        ("tag=%3Cb%3E", "tag"),
        (f"q={'x' * 201}", "q"),
        ("page=2", "page"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=W10", "cursor"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    client: Client, query: str, parameter: str
) -> None:
    answer = client.simulate_get(PATH, query_string=query)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/invalid-parameter")
    assert [each["field"] for each in answer.json["errors"]] == [parameter]


def test_a_cursor_of_another_query_is_refused_but_the_limit_may_change(
    client: Client, links: Any
) -> None:
    make(links, "a", "b", "c", tags=["t"])
    cursor = listed(client, "limit=1&tag=t").json["next_cursor"]
    assert len(listed(client, f"limit=9&tag=t&cursor={cursor}").json["data"]) == 2
    for query in ("", "tag=u&", "tag=t&q=a&", "tag=t&state=live&"):
        answer = client.simulate_get(PATH, query_string=f"{query}cursor={cursor}")
        assert answer.status_code == 400
        assert answer.json["detail"] == "cursor: belongs to a query with other parameters"


@pytest.mark.parametrize(
    "held",
    [
        b"{}",
        b"[1,2]",
        *(b'["x",1,"a/b"]', b'["x","y","a"]', b'["x",-1,"a"]', b'["x",1,7]'),
        *(b'["DIGEST",true,"a"]', b'["DIGEST",1.5,"a"]'),
    ],
)
def test_a_forged_cursor_is_no_fault_of_ours(client: Client, held: bytes) -> None:
    true_one = write_cursor(Question(), Place(1, "a"))
    digest = orjson.loads(base64.urlsafe_b64decode(true_one + "==="))[0]
    cursor = base64.urlsafe_b64encode(held.replace(b"DIGEST", digest.encode())).decode()
    assert client.simulate_get(PATH, params={"cursor": cursor}).status_code == 400


def test_a_key_for_some_tags_lists_no_other_links(links: Any, redis_url: str) -> None:
    make(links, "mine", tags=["summer", "x"])
    make(links, "theirs", tags=["winter", "x"])
    with connect(redis_url, timeout_seconds=30) as redis:
        keys = KeyStore(redis, redis_url)
        app = client_of(Broken(ClickHouseUnavailable("away")), links, TOKEN, keys=keys).app
        _, credential = keys.add("some", ("links:read",), tags=["summer"])
        client = Client(app, headers={"Authorization": f"Bearer {credential.text}"})
        for query, codes in (("", ["mine"]), ("tag=x", ["mine"]), ("tag=winter", [])):
            assert [link["code"] for link in listed(client, query).json["data"]] == codes
