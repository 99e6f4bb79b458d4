from typing import Any

import falcon.testing
import pytest

from app.console.rates.limiter import RateLimiter
from app.console.rates.middleware import policy_of
from tests.support.console import TOKEN, Broken, OwnCounter, client_of

POLICIES = '"reads";q=3;w=60, "writes";q=2;w=60, "reports";q=1;w=60'
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def client(links: Any) -> falcon.testing.TestClient:
    limits = RateLimiter(OwnCounter(), {"reads": 3, "writes": 2, "reports": 1})
    return client_of(Broken(RuntimeError("unasked")), links, TOKEN, limits=limits)


def test_every_answer_says_what_is_left(client: falcon.testing.TestClient) -> None:
    answer = client.simulate_get("/api/v1/links", headers=BEARER)
    assert answer.headers["ratelimit-policy"] == POLICIES
    assert answer.headers["ratelimit"] == '"reads";r=2;t=60'
    made = client.simulate_post("/api/v1/links", json={"target": "x"}, headers=BEARER)
    assert (made.status_code, made.headers["ratelimit"]) == (422, '"writes";r=1;t=60')
    report = client.simulate_get("/api/v1/stats", headers=BEARER)
    assert (report.status_code, report.headers["ratelimit"]) == (500, '"reports";r=0;t=60')


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/nowhere", BEARER, 404),
        ("GET", "/api/v1/links", {}, 401),
        ("GET", "/api/v1/links", {"Authorization": "Bearer hop_forged"}, 401),
        ("GET", "/api/v1/links", {"Host": "evil.example"}, 421),
        ("PUT", "/api/v1/links", BEARER, 405),
        ("OPTIONS", "/api/v1/links", BEARER, 200),
    ],
)
def test_refusals_are_counted_too_and_end_in_429(
    client: falcon.testing.TestClient, method: str, path: str, headers: Any, status: int
) -> None:
    statuses = [
        client.simulate_request(method, path, headers=headers).status_code for _ in range(5)
    ]
    quota = 2 if method == "PUT" else 3
    assert statuses == [status] * quota + [429] * (5 - quota)


def test_one_too_many_is_told_when_to_come_back_and_changes_nothing(
    client: falcon.testing.TestClient, links: Any
) -> None:
    for code in ("one", "two"):
        body = {"target": "https://example.com/", "code": code}
        client.simulate_post("/api/v1/links", json=body, headers=BEARER)
    body = {"target": "https://example.com/", "code": "three"}
    answer = client.simulate_post("/api/v1/links", json=body, headers=BEARER)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "60"
    assert answer.headers["ratelimit"] == '"writes";r=0;t=60'
    assert answer.json == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "The key has asked too much",
        "status": 429,
        "detail": "No more writes of this key are answered for 60 s.",
        "violated-policies": ["writes"],
    }
    assert client.simulate_get("/api/v1/links/three", headers=BEARER).status_code == 404
    text = client.simulate_get("/-/metrics", headers=BEARER).text
    assert 'hopline_console_throttled_total{policy="writes"} 1.0' in text


def test_who_guesses_keys_uses_up_nobodys_quota_but_its_own(
    client: falcon.testing.TestClient,
) -> None:
    for _ in range(10):
        client.simulate_get("/api/v1/me", headers={"Authorization": "Bearer hop_forged"})
    assert client.simulate_get("/api/v1/me", headers=BEARER).status_code == 200


@pytest.mark.parametrize("path", ["/", "/-/live", "/-/metrics", "/problems/invalid-link"])
def test_probes_and_metrics_are_not_counted(client: falcon.testing.TestClient, path: str) -> None:
    for _ in range(10):
        answer = client.simulate_get(path, headers=BEARER)
        assert (answer.status_code, answer.headers.get("ratelimit")) == (200, None)


@pytest.mark.parametrize(
    ("method", "scope", "policy"),
    [
        ("GET", "links:read", "reads"),
        ("HEAD", "stats:read", "reports"),
        ("GET", "clicks:read", "reports"),
        ("POST", "stats:read", "reports"),
        ("POST", "links:write", "writes"),
        ("DELETE", "admin", "writes"),
        ("GET", "admin", "reads"),
        ("OPTIONS", None, "reads"),
    ],
)
def test_rights_tell_the_policy(method: str, scope: Any, policy: str) -> None:
    assert policy_of(method, {"GET" if method == "HEAD" else method: scope}) == policy
