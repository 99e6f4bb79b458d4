from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import falcon.testing
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from app.config.access import HostNames
from app.console.app import create_app
from app.console.middleware import BearerAuth, KnownHosts
from app.http.request_ids import RequestIds
from app.links.store import open_store
from app.metrics.console import ConsoleMetrics
from app.reports.reader import Reports
from app.schema.migrations import migrate
from app.stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.support.clicks import bot_row, click_row, insert_clicks

TOKEN = "sixteen-characters-and-more"


class Broken:
    """A store that answers everything with the same exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            raise self.error

        return fail


@pytest.fixture
def links(make_settings, redis_url: str) -> Any:
    return open_store(make_settings(redis_url=redis_url))


@pytest.fixture
def reports(clickhouse_url: str) -> Iterator[Reports]:
    migrate(clickhouse_url, timeout_seconds=10, ttl_days=0)
    with Reports(clickhouse_url, timeout_seconds=10) as reports:
        yield reports


class OwnMetrics:
    """Shows one process, without a directory that several share."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def render(self, accept: str) -> tuple[bytes, str]:
        encoder, media_type = choose_encoder(accept)
        return encoder(self.registry), media_type


def client_of(
    reports: Any,
    links: Any,
    token: str | None = None,
    metrics_token: str | None = None,
    hosts: tuple[str, ...] = ("falconframework.org",),
) -> falcon.testing.TestClient:
    pings = {"redis": links.ping, "clickhouse": reports.ping}
    registry = CollectorRegistry()
    metrics = ConsoleMetrics(registry)
    guards = (
        KnownHosts(HostNames(hosts, "127.0.0.1:8081"), "HOPLINE_CONSOLE_HOSTS"),
        BearerAuth(token, metrics_token),
    )
    request_ids = RequestIds(["127.0.0.1/32"])
    app = create_app(
        reports, links, pings, guards, metrics, OwnMetrics(registry), request_ids, "one"
    )
    return falcon.testing.TestClient(app)


@pytest.fixture
def client(reports: Reports, links: Any) -> falcon.testing.TestClient:
    return client_of(reports, links)


def stats(client: falcon.testing.TestClient, code: str = "abc", **params: Any) -> Any:
    return client.simulate_get(f"/api/v1/links/{code}/stats", params=params, params_csv=False)


def test_stats_of_a_code_are_json_of_exactly_this_form(
    client: falcon.testing.TestClient, clickhouse_url: str
) -> None:
    noon = datetime(2026, 5, 10, 12, tzinfo=UTC)
    insert_clicks(clickhouse_url, click_row(noon), click_row(noon), bot_row(noon))
    answer = stats(client, since="2026-05-10T12:00", until="2026-05-10T13:00", by="country")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "code": "abc",
        "since": "2026-05-10T12:00:00Z",
        "until": "2026-05-10T13:00:00Z",
        "clicks": 3,
        "humans": 2,
        "visitors": 2,
        "bots": 1,
        "interval": "hour",
        "timeline": [
            {
                "start": "2026-05-10T12:00:00Z",
                "clicks": 3,
                "humans": 2,
                "bots": 1,
                "visitors": 2,
            }
        ],
        "by": {
            "country": {
                "top": [{"name": "DE", "clicks": 2, "visitors": 2, "share": 1.0}],
                "others": 0,
            }
        },
    }


def test_relative_times_and_several_breakdowns(
    client: falcon.testing.TestClient, clickhouse_url: str
) -> None:
    now = datetime.now(UTC)
    insert_clicks(clickhouse_url, click_row(now - timedelta(minutes=1)))
    insert_clicks(clickhouse_url, click_row(now - timedelta(days=3)))
    answer = client.simulate_get(
        "/api/v1/links/abc/stats", query_string="since=24h&interval=day&by=browser,os&by=device"
    )
    assert answer.json["clicks"] == 1
    assert list(answer.json["by"]) == ["browser", "os", "device"]
    assert answer.json["interval"] == "day"


def test_a_link_that_nobody_clicked_has_zeros(client: falcon.testing.TestClient, links) -> None:
    links.create({"target": "https://example.com/"}, code="fresh1")
    answer = stats(client, "fresh1")
    assert answer.status_code == 200
    assert (answer.json["clicks"], answer.json["visitors"], answer.json["bots"]) == (0, 0, 0)


def test_a_code_without_link_or_clicks_is_not_found(client: falcon.testing.TestClient) -> None:
    answer = stats(client, "nobody")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no link has the code 'nobody'",
    }


def test_clicks_of_a_code_without_link_are_shown(
    client: falcon.testing.TestClient, clickhouse_url: str
) -> None:
    insert_clicks(clickhouse_url, click_row(short_code="orphan"))
    assert stats(client, "orphan").json["clicks"] == 1


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"since": "soon"}, "since"),
        ({"until": "2026-99-01"}, "until"),
        ({"since": ""}, "since"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "until"),
        ({"since": ["1d", "2d"]}, "since"),
        ({"interval": "week"}, "interval"),
        ({"since": "2001-01-01", "interval": "hour"}, "interval"),
        ({"by": "moon"}, "by"),
        ({"by": "country,"}, "by"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"form": "1d"}, "form"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    client: falcon.testing.TestClient, params: dict[str, Any], parameter: str
) -> None:
    answer = stats(client, **params)
    assert answer.status_code == 400
    assert answer.json["parameter"] == parameter
    assert answer.json["detail"].startswith(f"{parameter}: ")


@pytest.mark.parametrize("error", [ClickHouseUnavailable, ClickHouseRefused])
def test_without_clickhouse_stats_ask_to_come_back(links, error: type[Exception]) -> None:
    answer = stats(client_of(Broken(error("secret.example is away")), links))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json["detail"] == "ClickHouse doesn't answer as it should."


def test_without_redis_a_code_without_clicks_cannot_be_told_from_an_unknown_one(
    reports: Reports,
) -> None:
    answer = stats(client_of(reports, Broken(RedisUnavailable("away"))))
    assert answer.status_code == 503
    assert answer.json["detail"] == "Redis doesn't answer as it should."


def test_without_redis_clicks_are_still_shown(reports: Reports, clickhouse_url: str) -> None:
    insert_clicks(clickhouse_url, click_row())
    assert stats(client_of(reports, Broken(RedisUnavailable("away")))).json["clicks"] == 1


def test_ready_while_both_stores_answer(client: falcon.testing.TestClient) -> None:
    answer = client.simulate_get("/-/ready")
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "redis": True, "clickhouse": True}


def test_not_ready_says_which_store_is_away(links) -> None:
    answer = client_of(Broken(ClickHouseUnavailable("away")), links).simulate_get("/-/ready")
    assert answer.status_code == 503
    assert answer.json == {"ready": False, "redis": True, "clickhouse": False}


def test_the_root_says_what_this_is(client: falcon.testing.TestClient) -> None:
    assert client.simulate_get("/").json["name"] == "hopline console"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("POST", "/-/live", 405)]
)
def test_every_error_is_a_problem(
    client: falcon.testing.TestClient, method: str, path: str, status: int
) -> None:
    answer = client.simulate_request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == answer.status_code == status


def test_a_fault_of_ours_is_a_problem_without_details(links) -> None:
    answer = stats(client_of(Broken(RuntimeError("secret")), links))
    assert answer.status_code == 500
    assert "secret" not in answer.text


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


def test_metrics_count_answers_by_status(client: falcon.testing.TestClient) -> None:
    stats(client)
    stats(client, by="nonsense")
    text = client.simulate_get("/-/metrics").text
    assert 'hopline_console_responses_total{status="404"} 1.0' in text
    assert 'hopline_console_responses_total{status="400"} 1.0' in text
    assert "hopline_console_response_seconds_count 2.0" in text


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


def test_a_fault_of_ours_is_logged_under_its_requests_name(
    links: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = stats(client_of(Broken(RuntimeError("secret")), links))
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.request_id == answer.headers["x-request-id"]
    assert "secret" in caplog.text


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
