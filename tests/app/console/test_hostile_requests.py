"""Requests that mean harm or are mistaken, to every operation of the interface's document."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import falcon.testing
import pytest

from app.changes.trail import open_trail
from app.console.api.body import MAX_BYTES
from app.console.api.dead_letters.endpoints import dead_letter_routes
from app.console.api.system import system_routes
from app.dead_letters.shards import open_all_dead_letters
from app.health.system.system import System
from app.keys.store import KeyStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import TOKEN, Broken, clicks_of, client_of, doctor_of

JSON = "application/json"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HOSTILE = {
    "nothing": b"",
    "half": b'{"a": ',
    "no object": b"[1]",
    "unknown field": b'{"colour": "red"}',
    "repeated field": b'{"name": "a", "name": "b"}',
    "deep": b'{"a": ' * 3000 + b"1" + b"}" * 3000,
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "surrogate": b'{"name": "\\ud800"}',
    "huge number": b'{"limit": ' + b"9" * 5000 + b"}",
    "NaN": b'{"limit": NaN}',
    "10 MB": b'{"name": "' + b"x" * 10_000_000 + b'"}',
    "BOM": b"\xef\xbb\xbf{}",
}
WRONG_TYPES = {"name": 1, "scopes": "admin", "target": [], "tags": 7, "filter": 3, "links": 1}


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def client(
    make_settings: Any, redis_url: str, links: Any, keys: KeyStore
) -> falcon.testing.TestClient:
    held = make_settings(redis_url=redis_url)
    trail = open_trail(held)
    more = [*dead_letter_routes(open_all_dead_letters(held), trail), *system_routes(System(held))]
    more += [*clicks_of(held, links), doctor_of(lambda: ())]
    away = Broken(ClickHouseUnavailable("away"))
    return client_of(away, links, TOKEN, keys=keys, trail=trail, more=more)


def operations(client: falcon.testing.TestClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = client.simulate_get("/api/v1/openapi.json", headers=BEARER).json
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield method.upper(), path, told


def readers(client: falcon.testing.TestClient) -> list[tuple[str, str]]:
    """Return methods and paths that read a JSON object, of things that may be there."""
    return [
        (method, _filled(path, "sale"))
        for method, path, told in operations(client)
        if JSON in told.get("requestBody", {}).get("content", {}) and not path.endswith("/import")
    ]


def is_problem(answer: Any) -> bool:
    return 400 <= answer.status_code < 500 and (
        answer.headers["content-type"] == "application/problem+json"
    )


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_body_that_cannot_be_meant_is_understood(
    client: falcon.testing.TestClient, links: Any, keys: KeyStore, kind: str
) -> None:
    asked = readers(client)
    assert len(asked) >= 5
    for method, path in asked:
        headers = {**BEARER, "Content-Type": JSON}
        answer = client.simulate_request(method, path, headers=headers, body=HOSTILE[kind])
        assert is_problem(answer), (method, path, answer.text)
        if kind == "10 MB":
            # Changes of many links may be that large, and are refused for what is in them.
            is_of_many = path.startswith("/api/v1/links/-/")
            assert answer.status_code in ((422,) if is_of_many else (400, 413)), (method, path)
    assert (links.links.count(), keys.all()) == (0, [])


def test_no_field_of_another_type_is_taken(client: falcon.testing.TestClient, links: Any) -> None:
    for method, path in readers(client):
        answer = client.simulate_request(method, path, headers=BEARER, json=WRONG_TYPES)
        assert is_problem(answer), (method, path, answer.text)
        assert answer.json["errors"], (method, path)
    assert links.links.count() == 0


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "\xe4"]
)
def test_no_body_of_another_type_is_read(
    client: falcon.testing.TestClient, links: Any, media_type: str
) -> None:
    for method, path in readers(client):
        headers = {**BEARER, "Content-Type": media_type}
        body = b'{"target": "https://example.com/"}'
        answer = client.simulate_request(method, path, headers=headers, body=body)
        assert is_problem(answer), (method, path, answer.text)
    assert links.links.count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "\r\nSet-Cookie: a=b",
        "\ud800",
        "9" * 400,
        "\xff",
        "' OR 1=1 --",
        "../../etc",
        "%",
        "🦊",
    ],
    ids=lambda text: repr(text[:9]),
)
def test_no_text_in_a_path_or_parameter_is_a_fault_of_ours(
    client: falcon.testing.TestClient, text: str
) -> None:
    quoted = quote(text, safe="", errors="surrogatepass")
    for method, path, told in operations(client):
        names = [each["name"] for each in told.get("parameters", ()) if each["in"] == "query"]
        query = "&".join(f"{name}={quoted}" for name in names)
        headers = {**BEARER, "Content-Type": JSON}
        for asked in dict.fromkeys((_filled(path, "sale"), _filled(path, quoted))):
            answer = client.simulate_request(
                method, asked, headers=headers, body=b"{}", query_string=query
            )
            # ClickHouse is away, which is no fault of the request's.
            assert answer.status_code < 500 or answer.status_code == 503, (method, asked, query)
            assert "set-cookie" not in answer.headers
            assert all("\r" not in value and "\n" not in value for value in answer.headers.values())


def _filled(path: str, text: str) -> str:
    return re.sub(r"{\w+}", lambda _: text, path)


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/links/secret",
        "/api/v1//links/secret",
        "/api/v1/./links/secret",
        "/api/v1/links/../links/secret",
        "/api/v1/links/%2e%2e/links/secret",
        "/api/v1/links/..%2flinks%2fsecret",
        "/api/v1/links/secret/",
        "/api/v1/links/secret%00",
        "/api/v1/links/secret%2f",
        "/api/v1/links/secret;a=b",
        "/api/v1/links/secret.json",
        "/API/v1/links/secret",
        "/api/v1/links/SECRET",
        "/api/v1/links/\\secret",
        "/problems/../api/v1/links/secret",
        "/-/live/../../api/v1/links/secret",
        "/-/static/../../api/v1/links/secret",
        "/api%2fv1%2flinks%2fsecret",
    ],
)
def test_no_spelling_of_a_path_leads_past_rights(
    client: falcon.testing.TestClient, links: Any, keys: KeyStore, path: str
) -> None:
    links.create({"target": "https://example.com/hidden", "tags": "theirs"}, code="secret")
    _, restricted = keys.add("r", ["links:read"], tags=["ours"])
    _, other = keys.add("o", ["webhooks"])
    for credential in (restricted, other):
        headers = {"Authorization": f"Bearer {credential.text}"}
        answer = client.simulate_get(path, headers=headers)
        assert answer.status_code in (401, 403, 404)
        assert "hidden" not in answer.text
    unnamed = client.simulate_get(path)
    assert unnamed.status_code in (401, 404)
    assert "hidden" not in unnamed.text


def test_a_body_at_the_bound_is_read_and_one_byte_more_is_not(
    client: falcon.testing.TestClient,
) -> None:
    body = b'{"target": "https://example.com/", "code": "bound"}'
    for more, status in ((0, 201), (1, 413)):
        padded = body + b" " * (MAX_BYTES - len(body) + more)
        headers = {**BEARER, "Content-Type": JSON}
        answer = client.simulate_post("/api/v1/links", headers=headers, body=padded)
        assert answer.status_code == status
