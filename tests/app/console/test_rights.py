import re
from collections.abc import Iterator, Sequence
from typing import Any

import falcon
import falcon.testing
import pytest

from app.keys.caller import SCOPES, Scope
from app.keys.store import KeyStore
from app.reports.reading.reader import Reports
from app.stores.redis.client import connect
from tests.support.clicks import click_row, insert_clicks
from tests.support.console import TOKEN, client_of

#: What a router has beside the methods that somebody wrote.
_OF_FALCON = {"on_options", "on_websocket"}


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def client(reports: Reports, links: Any, keys: KeyStore) -> falcon.testing.TestClient:
    return client_of(reports, links, TOKEN, keys=keys)


def holder(keys: KeyStore, *scopes: Scope, tags: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of who holds a new key."""
    _, credential = keys.add("test", scopes, tags=tags)
    return {"Authorization": f"Bearer {credential.text}"}


def routes(app: Any) -> Iterator[tuple[str, Any]]:
    """Yield every template of an app, and the resource behind it."""
    waiting = list(app._router._roots)
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.resource is not None:
            yield node.uri_template, node.resource


def undeclared(template: str, resource: Any) -> list[str]:
    """Return what is wrong with the rights of a resource: methods without, names of no scope."""
    if not template.startswith(("/api/", "/rest/")):
        return []
    rights = getattr(resource, "rights", {})
    methods = {name for name in dir(resource) if name.startswith("on_")} - _OF_FALCON
    wanted = {name.split("_")[1].upper() for name in methods} - {"HEAD"}
    unknown = [scope for scope in rights.values() if scope not in (*SCOPES, None)]
    return sorted(wanted - set(rights)) + unknown


def test_every_route_of_the_interface_says_who_may_ask_it(
    client: falcon.testing.TestClient,
) -> None:
    found = dict(routes(client.app))
    assert {"/", "/api/v1/stats", "/api/v1/links/{code}/stats", "/rest/v3/tags"} <= set(found)
    wrong = {template: undeclared(template, resource) for template, resource in found.items()}
    assert {template: methods for template, methods in wrong.items() if methods} == {}


class Undeclared:
    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        resp.media = "secret"


class Misspelled(Undeclared):
    rights = {"GET": "stats:reed"}  # noqa: RUF012 - as somebody may write it


def test_a_route_without_rights_is_noticed_and_answers_nobody(
    client: falcon.testing.TestClient,
) -> None:
    client.app.add_route("/api/v1/undeclared", Undeclared())
    answer = client.simulate_get("/api/v1/undeclared", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 405
    assert "secret" not in answer.text
    assert undeclared("/api/v1/undeclared", Undeclared()) == ["GET"]
    assert undeclared("/api/v1/undeclared", Misspelled()) == ["stats:reed"]


@pytest.mark.parametrize("scope", SCOPES)
def test_reports_take_the_right_to_read_them(
    client: falcon.testing.TestClient, keys: KeyStore, links: Any, scope: Scope
) -> None:
    links.create({"target": "https://example.com/"}, code="abc")
    headers = holder(keys, scope)
    is_let_in = scope in ("stats:read", "admin")
    for method, path in (
        *(("GET", "/api/v1/links/abc/stats"), ("HEAD", "/api/v1/stats")),
        *(("GET", "/api/v1/stats"), ("POST", "/api/v1/stats")),
    ):
        body = b"{}" if method == "POST" else None
        answer = client.simulate_request(method, path, headers=headers, body=body)
        assert answer.status_code == (200 if is_let_in else 403)


def test_who_lacks_a_right_is_told_which(client: falcon.testing.TestClient, keys: KeyStore) -> None:
    answer = client.simulate_get("/api/v1/stats", headers=holder(keys, "links:read"))
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": "/problems/insufficient-scope",
        "title": "The key lacks a right",
        "status": 403,
        "detail": "This takes a key with the scope stats:read.",
        "scope": "stats:read",
    }
    challenge = 'Bearer realm="hopline", error="insufficient_scope", scope="stats:read"'
    assert answer.headers["www-authenticate"] == challenge


def test_a_key_is_told_what_it_may_do(client: falcon.testing.TestClient, keys: KeyStore) -> None:
    headers = holder(keys, "stats:read", "links:read", tags=["spring"])
    me = client.simulate_get("/api/v1/me", headers=headers).json
    assert (me["name"], me["scopes"], me["tags"]) == (
        *("test", ["links:read", "stats:read"]),
        ["spring"],
    )
    assert me["id"] in headers["Authorization"]
    assert client.simulate_get("/api/v1/me").status_code == 401


def test_the_metrics_take_the_right_to_see_how_the_system_fares(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    for scope, status in (("links:read", 403), ("system:read", 200), ("admin", 200)):
        answer = client.simulate_get("/-/metrics", headers=holder(keys, scope))
        assert answer.status_code == status


def test_what_there_is_no_method_for_takes_no_right(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    headers = holder(keys, "links:read")
    answer = client.simulate_delete("/api/v1/stats", headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert client.simulate_get("/", headers=headers).status_code == 200


def test_a_revoked_key_is_refused(
    client: falcon.testing.TestClient, keys: KeyStore, reports: Reports, links: Any
) -> None:
    key, credential = keys.add("leaked", ["stats:read"])
    headers = {"Authorization": f"Bearer {credential.text}"}
    assert client.simulate_get("/api/v1/stats", headers=headers).status_code == 200
    keys.revoke(key.id)
    # Another process, which has not heard of the key yet.
    other = client_of(reports, links, TOKEN, keys=keys)
    answer = other.simulate_get("/api/v1/stats", headers=headers)
    assert (answer.status_code, answer.json["detail"]) == (401, "This key was revoked.")


@pytest.fixture
def three_links(links: Any, migrated_url: str) -> None:
    for code, tag in (("abc", "spring"), ("b", "sale"), ("c", "")):
        links.create({"target": "https://example.com/", "tags": tag}, code=code)
        insert_clicks(migrated_url, click_row(short_code=code))


@pytest.mark.usefixtures("three_links")
def test_who_is_restricted_to_a_tag_sees_its_links_alone(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    headers = holder(keys, "stats:read", tags=["spring"])

    def ask(path: str) -> tuple[int, Any]:
        answer = client.simulate_get(path, headers=headers)
        return answer.status_code, answer.json.get("clicks", answer.json.get("detail"))

    assert ask("/api/v1/links/abc/stats") == (200, 1)
    assert ask("/api/v1/stats") == ask("/api/v1/stats?tag=Spring") == (200, 1)
    assert ask("/api/v1/links/b/stats") == (404, "no link has the code 'b'")
    assert ask("/api/v1/stats?code=abc&code=c") == (404, "no link has the code 'c'")
    refused = (403, "This key sees only links with the tag spring.")
    assert ask("/api/v1/stats?tag=sale") == refused
    assert ask("/api/v1/stats?tag=%3F")[0] == 400


@pytest.mark.usefixtures("three_links")
def test_who_is_restricted_to_several_tags_says_which(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    headers = holder(keys, "stats:read", tags=["sale", "spring"])
    answer = client.simulate_post("/api/v1/stats", json={}, headers=headers)
    assert (answer.status_code, answer.json["parameter"]) == (400, "tag")
    answer = client.simulate_post("/api/v1/stats", json={"tag": "sale"}, headers=headers)
    assert (answer.status_code, answer.json["clicks"]) == (200, 1)


def test_a_peer_from_elsewhere_is_never_anybody(reports: Reports, links: Any) -> None:
    client = client_of(reports, links)
    for peer, status in (("127.0.0.9", 200), ("::1", 200), ("", 200), ("192.0.2.1", 401)):
        assert client.simulate_get("/", remote_addr=peer).status_code == status


def counted(client: falcon.testing.TestClient, name: str) -> dict[str, float]:
    """Return the series of a metric that are not 0, by their labels."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    text = client.simulate_get("/-/metrics", headers=headers).text
    found = re.findall(rf"^{name}\{{(.+)\}} (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found if float(value)}


def test_requests_are_counted_by_route_and_key_and_refusals_by_reason(
    client: falcon.testing.TestClient, keys: KeyStore
) -> None:
    headers = holder(keys, "links:read", tags=["a"])
    key_id = headers["Authorization"].split("_")[1]
    for sent in (headers, {}, {"Authorization": "Bearer x"}, holder(keys, "stats:read", tags="a")):
        client.simulate_get("/api/v1/stats", params={"tag": "b"}, headers=sent)
    client.simulate_get("/nowhere", headers=headers)
    requests = counted(client, "hopline_console_requests_total")
    assert requests[f'key="{key_id}",route="/api/v1/stats"'] == 1
    assert requests[f'key="{key_id}",route="none"'] == 1
    refusals = counted(client, "hopline_console_refusals_total")
    assert refusals == {
        f'reason="{reason}"': 1 for reason in ("missing", "malformed", "scope", "tag")
    }


def test_many_keys_are_few_series(client: falcon.testing.TestClient, keys: KeyStore) -> None:
    for _ in range(60):
        client.simulate_get("/", headers=holder(keys, "stats:read"))
    requests = counted(client, "hopline_console_requests_total")
    assert len(requests) <= 51
    assert requests['key="other",route="/"'] >= 9


def test_who_was_refused_is_logged_on_one_line_without_a_secret(
    client: falcon.testing.TestClient, keys: KeyStore, caplog: pytest.LogCaptureFixture
) -> None:
    key, credential = keys.add("leaked", ["admin"])
    keys.revoke(key.id)
    for _ in range(3):
        client.simulate_get(
            "/api/%0Aevil",
            headers={"Authorization": f"Bearer {credential.text}"},
            remote_addr="127.0.0.1",
        )
    (line,) = [record.getMessage() for record in caplog.records if "401" in record.getMessage()]
    assert line == f"401 for '/api/\\nevil' of 127.0.0.1, key {key.id}: This key was revoked."


def test_what_was_deleted_is_not_told_to_who_is_restricted(
    client: falcon.testing.TestClient, keys: KeyStore, links: Any
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="gone")
    links.delete("gone")
    restricted = holder(keys, "links:read", "links:write", tags=["autumn"])
    for headers, status in ((restricted, 404), (holder(keys, "links:read", "links:write"), 410)):
        for method, path in (
            *(("GET", "gone"), ("DELETE", "gone"), ("PATCH", "gone")),
            *(("POST", "gone/disable"), ("GET", "gone/qr.svg")),
        ):
            body = b"{}" if method == "PATCH" else None
            answer = client.simulate_request(
                method,
                f"/api/v1/links/{path}",
                headers={**headers, "Content-Type": "application/json"},
                body=body,
            )
            assert (method, path, answer.status_code) == (method, path, status)
            kind = "link-not-found" if status == 404 else "link-deleted"
            assert answer.json["type"] == f"/problems/{kind}"
