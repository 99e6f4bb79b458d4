from typing import Any

import falcon.testing
import pytest

from app.console.cross_origin import cross_origin
from tests.support.console import TOKEN, Broken, client_of

SITE = "https://app.example"
ALLOWED = "access-control-allow-origin"


@pytest.fixture
def client(links: Any) -> falcon.testing.TestClient:
    return client_of(Broken(RuntimeError("unasked")), links, TOKEN, origins=(SITE,))


def preflight(client: falcon.testing.TestClient, path: str, **headers: str) -> Any:
    asked = {"Origin": SITE, "Access-Control-Request-Method": "PATCH"}
    asked |= {"Access-Control-Request-Headers": "authorization,content-type"}
    return client.simulate_options(path, headers={**asked, **headers})


def test_without_origins_no_page_is_told_that_it_may_ask(links: Any) -> None:
    client = client_of(Broken(RuntimeError("unasked")), links, TOKEN)
    headers = {"Origin": SITE, "Authorization": f"Bearer {TOKEN}"}
    answer = client.simulate_get("/api/v1/links", headers=headers)
    assert answer.status_code == 200
    assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert preflight(client, "/api/v1/links").status_code == 401
    assert cross_origin(()) == []


@pytest.mark.parametrize("path", ["/api/v1/links", "/api/v1/links/a", "/nowhere"])
def test_a_preflight_of_a_named_origin_needs_no_key(client: Any, path: str) -> None:
    answer = preflight(client, path)
    assert (answer.status_code, answer.text) == (204, "")
    assert answer.headers[ALLOWED] == SITE
    assert answer.headers["access-control-allow-methods"] == "DELETE, GET, HEAD, PATCH, POST, PUT"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.evil.example",
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example/",
        "https://APP.example",
        "null",
        "*",
        "",
    ],
)
def test_any_other_origin_is_told_nothing(client: Any, origin: str) -> None:
    answer = preflight(client, "/api/v1/links", Origin=origin)
    assert (answer.status_code, answer.headers.get(ALLOWED)) == (401, None)
    headers = {"Origin": origin, "Authorization": f"Bearer {TOKEN}"}
    answer = client.simulate_get("/api/v1/links", headers=headers)
    assert (answer.headers.get(ALLOWED), answer.headers["vary"]) == (None, "Origin")


def test_a_named_origin_may_read_answers_and_errors_with_their_headers(client: Any) -> None:
    allowed = {"Origin": SITE, "Authorization": f"Bearer {TOKEN}"}
    for headers, status in ((allowed, 200), ({"Origin": SITE}, 401)):
        answer = client.simulate_get("/api/v1/links", headers=headers)
        assert (answer.status_code, answer.headers[ALLOWED]) == (status, SITE)
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Link", "RateLimit", "Retry-After", "X-Request-ID"} <= set(exposed)


def test_a_named_origin_still_needs_a_key_to_change_anything(links: Any) -> None:
    client = client_of(Broken(RuntimeError("unasked")), links, origins=(SITE,))
    answer = client.simulate_post(
        "/api/v1/links", json={"target": "https://example.com/"}, headers={"Origin": SITE}
    )
    assert (answer.status_code, answer.json["scope"]) == (403, "links:write")


def test_a_plain_options_is_no_preflight(client: Any) -> None:
    answer = client.simulate_options("/api/v1/links", headers={"Origin": SITE})
    assert (answer.status_code, answer.headers["vary"]) == (401, "Origin")


def test_answers_without_an_origin_vary_by_it_too(client: Any) -> None:
    assert client.simulate_get("/-/live").headers["vary"] == "Origin"
