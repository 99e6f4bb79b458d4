import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import falcon.testing
import pytest

from app.console.health_endpoints import Ready
from app.reports.reading.reader import Reports
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.console import Broken, client_of, stats
from tests.support.redirect.fakes import FakeClock
from tests.support.redirect.waiting import wait_until

#: What stood in a report before it said what it is taken from.
BEFORE_META = {"code", "since", "until", "clicks", "humans", "visitors", "bots"}
BEFORE_META |= {"interval", "timeline", "by"}


def test_stats_of_a_code_are_json_of_exactly_this_form(
    client: falcon.testing.TestClient, clickhouse_url: str
) -> None:
    noon = datetime(2026, 5, 10, 12, tzinfo=UTC)
    insert_clicks(clickhouse_url, click_row(noon), click_row(noon), bot_row(noon))
    answer = stats(client, since="2026-05-10T12:00", until="2026-05-10T13:00", by="country")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json.keys() - {"meta"} == BEFORE_META
    assert {name: answer.json[name] for name in BEFORE_META} == {
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
        "type": "/problems/link-not-found",
        "title": "There is no such link",
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
        ({"interval": "year"}, "interval"),
        ({"tz": "Mars"}, "tz"),
        ({"filter": "moon=full"}, "filter"),
        ({"compare": "previous"}, "compare"),
        ({"period": "7d", "since": "1d"}, "period"),
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


def test_a_code_in_the_path_is_the_only_one(client: falcon.testing.TestClient) -> None:
    answer = client.simulate_get("/api/v1/links/abc/stats", query_string="code=b")
    assert (answer.status_code, answer.json["parameter"]) == (400, "code")


def test_several_links_a_tag_and_all_have_an_endpoint_of_their_own(
    client: falcon.testing.TestClient, links, clickhouse_url: str
) -> None:
    for code in ("abc", "b", "c"):
        insert_clicks(clickhouse_url, click_row(short_code=code))
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")

    def clicks(query_string: str) -> int:
        return client.simulate_get("/api/v1/stats", query_string=query_string).json["clicks"]

    assert [clicks(query) for query in ("", "code=abc&code=b", "tag=spring")] == [3, 2, 1]
    assert clicks("filter=link%3Dabc,c%20and%20country%3DDE") == 2


def test_a_query_comes_as_json_too(client: falcon.testing.TestClient, clickhouse_url: str) -> None:
    insert_clicks(clickhouse_url, click_row(), click_row(country="FR"))
    query = {"code": ["abc"], "filter": {"dimension": "country", "is": ["FR"]}, "by": []}
    answer = client.simulate_post("/api/v1/stats", json=query)
    assert (answer.status_code, answer.json["clicks"], answer.json["by"]) == (200, 1, {})


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b"", "query"),
        (b"{", "query"),
        (b"[" * 5000, "query"),
        (b'"' + b"x" * 70_000 + b'"', "query"),
        (b'{"limit": "1"}', "limit"),
        (b'{"filter": {"every": 1}}', "filter"),
        (b'{"limit": 5, "limit": 6}', "limit"),
        (b'{"filter": {"dimension": "country", "dimension": "os", "is": ["DE"]}}', "dimension"),
    ],
)
def test_a_query_that_cannot_be_used_is_named(
    client: falcon.testing.TestClient, body: bytes, parameter: str
) -> None:
    answer = client.simulate_post("/api/v1/stats", body=body)
    assert answer.status_code == 400
    assert answer.json["parameter"] == parameter


def test_all_that_is_wrong_with_a_query_is_named_at_once(client: falcon.testing.TestClient) -> None:
    query = {"tz": "Mars", "since": "soon", "colour": "red", "limit": True, "filter": {"is": 1}}
    answer = client.simulate_post("/api/v1/stats/query", json=query)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/invalid-parameter")
    assert {each["field"] for each in answer.json["errors"]} == query.keys()
    both = client.simulate_post(
        "/api/v1/stats/query", json={"code": "a", "tag": "b", "compare": "year", "limit": 0}
    )
    assert [each["field"] for each in both.json["errors"]] == ["tag", "compare", "limit"]


def test_a_query_by_post_is_answered_as_by_get(
    client: falcon.testing.TestClient, clickhouse_url: str
) -> None:
    insert_clicks(clickhouse_url, click_row(), click_row(country="FR"))
    asked = {"code": ["abc"], "by": ["country"], "filter": {"dimension": "country", "is": "FR"}}
    answer = client.simulate_post("/api/v1/stats/query", json=asked)
    by_get = client.simulate_get("/api/v1/stats?code=abc&by=country&filter=country%3DFR")
    assert answer.status_code == 200
    assert answer.json["by"] == by_get.json["by"]
    assert answer.json["clicks"] == by_get.json["clicks"] == 1


def test_a_report_that_the_client_has_is_not_sent_again(
    client: falcon.testing.TestClient, clickhouse_url: str, links: Any, reports: Reports
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")
    insert_clicks(clickhouse_url, click_row(), click_row(short_code="c"))
    for path in ("/api/v1/stats", "/api/v1/links/abc/stats", "/api/v1/stats?tag=spring"):
        while True:
            first = client.simulate_get(path)
            known = {"If-None-Match": f'"another", {first.headers["etag"]}'}
            again = client.simulate_get(path, headers=known)
            # Unless a new minute has begun.
            if again.headers["etag"] == first.headers["etag"]:
                break
        assert (again.status_code, again.content) == (304, b"")
        insert_clicks(clickhouse_url, click_row(country="FR"))
        fresh = client.simulate_get(path, headers=known)
        assert fresh.status_code == 200
        assert fresh.headers["etag"] != first.headers["etag"]
    other = client.simulate_get(
        "/api/v1/stats?by=os", headers={"If-None-Match": first.headers["etag"]}
    )
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"[]", "application/json", 400),
        (b'{"tag": "a", "tag": "b"}', "application/json", 400),
        (b'{"tag": "\xff"}', "application/json", 400),
        (b" " * 70_000, "application/json", 413),
    ],
)
def test_a_body_that_is_no_query_is_refused(
    client: falcon.testing.TestClient, body: bytes, content_type: str, status: int
) -> None:
    headers = {"Content-Type": content_type}
    answer = client.simulate_post("/api/v1/stats/query", body=body, headers=headers)
    assert (answer.status_code, answer.json["status"]) == (status, status)


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
    # The first probe of a busy machine doesn't wait until they have.
    wait_until(lambda: client.simulate_get("/-/ready").status_code == 200)
    answer = client.simulate_get("/-/ready")
    assert answer.json == {"ready": True, "redis": True, "clickhouse": True}


class BusyStore:
    """A store that answers as long as it isn't told to be busy."""

    def __init__(self) -> None:
        self.clock, self.answers, self.asked = FakeClock(), threading.Event(), 0
        self.answers.set()
        app = falcon.App()
        app.add_route("/-/ready", Ready({"clickhouse": self._ping}, "one", self.clock))
        self._client = falcon.testing.TestClient(app)

    def _ping(self) -> None:
        self.asked += 1
        assert self.answers.wait(60)

    def is_ready(self) -> bool:
        return self._client.simulate_get("/-/ready").status_code == 200


@pytest.fixture
def store() -> Iterator[BusyStore]:
    store = BusyStore()
    yield store
    store.answers.set()


def test_a_probe_goes_by_the_last_sign_of_life_while_a_store_is_busy(store: BusyStore) -> None:
    wait_until(store.is_ready)
    store.answers.clear()
    asked = store.asked
    store.clock.now += 20
    assert store.is_ready()
    assert store.is_ready()
    # Both asked the same busy store once.
    assert store.asked == asked + 1


def test_a_probe_never_waits_for_a_store_that_is_frozen(store: BusyStore) -> None:
    store.answers.clear()
    assert not store.is_ready()
    store.answers.set()
    wait_until(store.is_ready)
    store.answers.clear()
    store.clock.now += 40
    assert not store.is_ready()


def test_not_ready_says_which_store_is_away(links) -> None:
    client = client_of(Broken(ClickHouseUnavailable("away")), links)
    wait_until(lambda: client.simulate_get("/-/ready").json["redis"])
    answer = client.simulate_get("/-/ready")
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


def test_metrics_count_answers_by_status(client: falcon.testing.TestClient) -> None:
    stats(client)
    stats(client, by="nonsense")
    text = client.simulate_get("/-/metrics").text
    assert 'hopline_console_responses_total{status="404"} 1.0' in text
    assert 'hopline_console_responses_total{status="400"} 1.0' in text
    assert "hopline_console_response_seconds_count 2.0" in text


def test_a_fault_of_ours_is_logged_under_its_requests_name(
    links: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = stats(client_of(Broken(RuntimeError("secret")), links))
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.request_id == answer.headers["x-request-id"]
    assert "secret" in caplog.text
