"""Files of links that are imported over HTTP, and the answer that says what became of each row."""

import json
from collections.abc import Callable
from typing import Any

import falcon.testing
import pytest

from app.changes.trail import Trail
from app.console.api.links.bulk import imports
from app.console.api.links.bulk.imports import IMPORT_PATH, MEDIA_TYPES, ImportLine
from app.links.store import open_store
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import Broken, client_of
from tests.support.tcp_proxy import TcpProxy

TARGET = "https://example.com/a"
Client = falcon.testing.TestClient
Posted = tuple[list[dict[str, Any]], dict[str, Any]]


def post(client: Client, body: str | bytes, media_type: str = "text/csv", **params: str) -> Any:
    headers = {"Content-Type": media_type}
    return client.simulate_post(IMPORT_PATH, body=body, headers=headers, params=params)


def told(answer: Any) -> Posted:
    """Return what became of each row, and the last line."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert answer.text.endswith("\n")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    for line in lines:
        ImportLine.model_validate(line)
    return lines[:-1], lines[-1]


def became(answer: Any) -> list[tuple[int, str, str | None]]:
    return [(each["line"], each["outcome"], each["code"]) for each in told(answer)[0]]


def ndjson(*links: dict[str, Any]) -> str:
    return "".join(f"{json.dumps({'target': TARGET, **link})}\n" for link in links)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/csv", f"code,target\na,{TARGET}\nb,{TARGET}\nc,ftp://a.b/\n"),
        (
            "application/x-ndjson",
            ndjson({"code": "a"}, {"code": "b"}, {"code": "c", "target": "ftp://a.b/"}),
        ),
        (
            "application/json",
            f'[\n{{"code": "a", "target": "{TARGET}"}},\n{{"code": "b", "target": "{TARGET}"}},\n'
            '{"code": "c", "target": "ftp://a.b/"}]',
        ),
    ],
)
def test_each_row_is_told_what_became_of_it_and_the_counts_at_the_end(
    client: Client, links: Any, media_type: str, body: str
) -> None:
    rows, end = told(post(client, body, media_type))
    assert [each["outcome"] for each in rows] == ["created", "created", "refused"]
    assert "its scheme is ftp" in rows[2]["reason"]
    assert (end["complete"], end["created"], end["refused"], end["detail"]) == (True, 2, 1, None)
    assert {link.code for link in links.links.scan()} == {"a", "b"}
    again = told(post(client, body, media_type))[1]
    assert (again["created"], again["unchanged"], again["refused"]) == (0, 2, 1)


def test_a_dry_run_says_what_would_become_of_each_row_and_stores_nothing(
    client: Client, links: Any
) -> None:
    body = f"code,target\na,{TARGET}\na,{TARGET}/other\n"
    answer = post(client, body, dry_run="true")
    assert became(answer) == [(2, "created", "a"), (3, "refused", "a")]
    assert told(answer)[1]["dry_run"] is True
    assert list(links.links.scan()) == []


def test_links_are_changed_where_that_is_asked_for(client: Client, links: Any) -> None:
    links.create({"target": TARGET, "title": "old"}, code="a")
    body = ndjson({"code": "a", "title": "new"})
    left = told(post(client, body, "application/x-ndjson"))[0][0]
    assert (left["outcome"], left["reason"]) == ("unchanged", "title is 'old'")
    changed = told(post(client, body, "application/x-ndjson", update="true"))[1]
    assert (changed["updated"], links.get("a").title) == (1, "new")


def test_other_programs_names_are_told_and_those_that_nobody_knows(client: Client) -> None:
    answer = post(client, f"longUrl,shortCode,colour\n{TARGET},a,red\n")
    assert became(answer) == [(2, "created", "a")]
    end = told(answer)[1]
    assert end["read_as"] == {"longUrl": "target", "shortCode": "code"}
    assert end["left_out"] == ["colour"]


def test_a_charset_is_the_files_encoding(client: Client, links: Any) -> None:
    body = f"code,target,title\na,{TARGET},Käse\n".encode("windows-1252")
    assert became(post(client, body, "text/csv; charset=windows-1252"))[0][1] == "created"
    assert links.get("a").title == "Käse"


@pytest.mark.parametrize(
    ("body", "media_type", "status", "problem", "said"),
    [
        ("a,b\n1,2\n", "text/csv", 422, "unreadable-file", "must name the columns"),
        (b"PK\x03\x04", "text/csv", 422, "unreadable-file", "save the sheet as CSV"),
        ("target\n", "text/csv; charset=klingon", 422, "unreadable-file", "no encoding 'klingon'"),
        ("[" + " " * 99 + "]", "application/json", 422, "unreadable-file", "one object a line"),
        ("target\n", "text/plain", 415, "unsupported-content-type", "application/x-ndjson"),
        ("target\n" + "\n" * 400, "text/csv", 413, "body-too-large", "300 bytes"),
    ],
)
def test_what_can_not_be_read_is_a_problem_and_no_stream(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    body: str | bytes,
    media_type: str,
    status: int,
    problem: str,
    said: str,
) -> None:
    monkeypatch.setattr(imports, "_LONGEST_ARRAY", 50)
    monkeypatch.setattr(imports, "MAX_BYTES", 300)
    for _ in range(5):
        answer = post(client, body, media_type)
        assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{problem}")
        assert said in answer.json["detail"]


@pytest.mark.parametrize("params", [{"dry_run": "yes"}, {"dryrun": "true"}])
def test_a_parameter_that_is_none_stores_nothing(
    client: Client, links: Any, params: dict[str, str]
) -> None:
    answer = post(client, f"code,target\na,{TARGET}\n", **params)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/invalid-parameter")
    assert list(links.links.scan()) == []


@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_a_key_for_some_tags_makes_and_changes_no_other_links_and_learns_nothing_of_them(
    client_with: Callable[..., Client], links: Any, dry_run: str
) -> None:
    links.create({"target": "https://secret.example/", "title": "secret"}, code="other")
    links.create({"target": TARGET, "tags": ["summer"]}, code="seen")
    client = client_with("links:write", tags=["summer"])
    tags = {"tags": ["summer"]}
    body = ndjson(
        {"code": "mine", **tags},
        {"code": "unmarked"},
        {"code": "other", **tags},
        {"code": "other", **tags, "target": "https://secret.example/"},
        {"code": "seen", **tags, "title": "new"},
        {"code": "seen", "tags": ["winter"]},
        {"code": "gone", "target": "", "deleted": True},
    )
    answer = post(client, body, "application/x-ndjson", update="true", dry_run=dry_run)
    rows, _ = told(answer)
    assert [each["outcome"] for each in rows] == [
        *("created", "refused", "refused", "refused", "updated", "refused", "refused")
    ]
    assert rows[1]["reason"] == "tags: one has to be summer"
    assert rows[2]["reason"] == rows[3]["reason"] == "the code 'other' is taken"
    assert "title" not in answer.text
    if dry_run == "false":
        assert (links.get("seen").title, links.get("seen").tags) == ("new", ("summer",))
    assert links.get("other").title == "secret"


def test_an_import_takes_the_right_to_change_links(client_with: Callable[..., Client]) -> None:
    answer = post(client_with("links:read"), "target\n")
    assert (answer.status_code, answer.json["scope"]) == (403, "links:write")


def test_the_trail_names_the_caller_and_the_import(
    client_with: Callable[..., Client], redis_url: str
) -> None:
    answer = post(client_with("links:write"), f"target\n{TARGET}\n{TARGET}\n")
    with connect(redis_url, timeout_seconds=30) as redis:
        made = Trail(redis, redis_url).page(limit=1).lines[0].change
    assert (made.what, made.count, made.author.via) == ("links.created", 2, "http import")
    assert made.author.who.startswith("key:")
    assert made.author.request_id == answer.headers["x-request-id"]


def test_redis_going_away_halfway_is_the_last_line_and_the_repeated_import_makes_the_rest(
    client: Client, make_settings: Any, redis_url: str, links: Any
) -> None:
    rows = 3000
    body = ndjson(*({"code": f"c{number}"} for number in range(rows))).encode()
    with TcpProxy(int(redis_url.rpartition(":")[2].partition("/")[0])) as proxy:
        settings = make_settings(redis_url=proxy.redis_url, redis_timeout_seconds=2)
        app = client_of(Broken(ClickHouseUnavailable("away")), open_store(settings)).app
        environ = falcon.testing.create_environ(
            IMPORT_PATH,
            method="POST",
            body=body,
            headers={"Content-Type": "application/x-ndjson"},
            host="falconframework.org",
        )
        answer = app(environ, falcon.testing.StartResponseMock())
        pieces = iter(answer)
        sent = next(pieces)
        proxy.stall()
        sent += b"".join(pieces)
        answer.close()
    end = json.loads(sent.splitlines()[-1])
    assert (end["complete"], end["created"]) == (False, len(sent.splitlines()) - 1)
    assert 0 < end["created"] < rows
    assert "Send the same again" in end["detail"]
    again = told(post(client, body, "application/x-ndjson"))[1]
    assert again["complete"]
    assert again["created"] + again["unchanged"] == rows
    assert sorted(link.code for link in links.links.scan()) == sorted(
        f"c{number}" for number in range(rows)
    )


def test_before_the_first_row_redis_being_away_is_an_answer_of_its_own(make_settings: Any) -> None:
    store = open_store(make_settings(redis_url="redis://127.0.0.1:1/0", redis_timeout_seconds=1))
    client = client_of(Broken(ClickHouseUnavailable("away")), store)
    assert post(client, f"target\n{TARGET}\n", MEDIA_TYPES[1]).status_code == 503
