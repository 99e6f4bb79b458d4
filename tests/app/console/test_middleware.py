from typing import Any

import falcon.testing
import pytest

from app.reports.reading.reader import Reports
from tests.support.console import TOKEN, client_of


@pytest.mark.parametrize("path", ["/", "/api/v1/links/abc/stats", "/nowhere"])
@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="hopline"'),
        ("Basic Zm9vOmJhcg==", 'Bearer realm="hopline"'),
        ("Bearer", 'Bearer realm="hopline", error="invalid_token"'),
        ("Bearer wrong", 'Bearer realm="hopline", error="invalid_token"'),
        (f"Bearer {TOKEN}x", 'Bearer realm="hopline", error="invalid_token"'),
        (f"Bearer {TOKEN[:-1]}\xfc", 'Bearer realm="hopline", error="invalid_token"'),
    ],
)
def test_without_its_token_the_console_shows_nothing(
    reports: Reports, links, path: str, authorization: str | None, challenge: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client_of(reports, links, TOKEN).simulate_get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == challenge
    assert answer.json["status"] == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_its_token_the_console_is_open(reports: Reports, links, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}"}
    assert client_of(reports, links, TOKEN).simulate_get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/-/live", "/-/ready"])
def test_signs_of_life_need_no_token(reports: Reports, links, path: str) -> None:
    assert client_of(reports, links, TOKEN).simulate_get(path).status_code == 200


def test_metrics_are_told_to_whoever_has_the_token(reports: Reports, links: Any) -> None:
    client = client_of(reports, links, TOKEN)
    assert client.simulate_get("/-/metrics").status_code == 401
    allowed = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/openmetrics-text"}
    answer = client.simulate_get("/-/metrics", headers=allowed)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_each_answer_carries_the_name_of_its_request(client: falcon.testing.TestClient) -> None:
    named = client.simulate_get("/", headers={"X-Request-ID": "the-proxys"})
    assert named.headers["x-request-id"] == "the-proxys"
    assert len(client.simulate_get("/").headers["x-request-id"]) == 32


METRICS_TOKEN = "what-prometheus-has-been-given"


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("evil.example:8081", 421),
        ("127.0.0.1.nip.example:8081", 421),
        ("localhost:8081", 200),
        ("127.0.0.1:8081", 200),
        ("[::1]:8081", 200),
        ("reports.internal", 200),
    ],
)
def test_a_page_that_had_its_name_lead_here_reads_no_report(
    reports: Reports, links: Any, token: str | None, host: str, status: int
) -> None:
    client = client_of(reports, links, token, hosts=("reports.internal",))
    headers = {"Host": host, "Authorization": f"Bearer {TOKEN}"}
    for path in ("/", "/-/metrics"):
        assert client.simulate_get(path, headers=headers).status_code == status
    assert client.simulate_get("/-/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/-/live", "/nowhere", "/api/v1/links/a/stats?by=moon"])
def test_no_answer_can_be_framed_sniffed_or_kept(client, path: str) -> None:
    headers = client.simulate_get(path).headers
    policy = {one.strip() for one in headers["content-security-policy"].split(";")}
    assert policy == {
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("token", "path", "given", "status"),
    [
        (TOKEN, "/-/metrics", METRICS_TOKEN, 200),
        (TOKEN, "/-/metrics", TOKEN, 200),
        (TOKEN, "/-/metrics", "neither-of-the-two-tokens", 401),
        (TOKEN, "/", METRICS_TOKEN, 401),
        (None, "/-/metrics", "neither-of-the-two-tokens", 401),
        (None, "/", "", 200),
    ],
)
def test_the_token_of_the_metrics_opens_the_metrics_alone(
    reports: Reports, links: Any, token: str | None, path: str, given: str, status: int
) -> None:
    client = client_of(reports, links, token, METRICS_TOKEN)
    headers = {"Authorization": f"Bearer {given}"}
    assert client.simulate_get(path, headers=headers).status_code == status


_OF_ANOTHER = [
    {"X-Forwarded-For": "203.0.113.9"},
    {"Forwarded": "for=203.0.113.9"},
    {"Via": "1.1 proxy"},
    {"X-Real-IP": "203.0.113.9"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


@pytest.mark.parametrize("headers", _OF_ANOTHER, ids=str)
def test_a_proxy_or_another_sites_page_may_read_without_a_key_and_change_nothing(
    reports: Reports, links: Any, headers: dict[str, str]
) -> None:
    client = client_of(reports, links, None)
    client.simulate_post("/api/v1/links", json={"target": "https://example.com/", "code": "on"})
    # What takes no body needs no page's leave to be sent.
    refused = client.simulate_post("/api/v1/links/on/disable", headers=headers)
    assert (refused.status_code, refused.json["scope"]) == (403, "links:write")
    assert client.simulate_get("/api/v1/links/on", headers=headers).json["disabled"] is False
    locked = client_of(reports, links, TOKEN)
    assert locked.simulate_get("/api/v1/links", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost", "Host": "localhost"},
    ],
    ids=str,
)
def test_whoever_is_on_the_machine_may_change_links_as_long_as_there_is_no_key(
    reports: Reports, links: Any, headers: dict[str, str]
) -> None:
    made = {"json": {"target": "https://example.com/"}, "headers": headers}
    answer = client_of(reports, links, None).simulate_post("/api/v1/links", **made)
    assert answer.status_code == 201
