"""What holds for all of Shlink's interface: versions, keys, errors, other sites, stores away."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import falcon.testing
import pytest

from app.console.pages.site.browser import session_token
from app.keys.store import KeyStore
from app.links.store import open_store
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.app.console.shlink.conftest import Ask, asking
from tests.support.clicks import click_row, insert_clicks
from tests.support.console import TOKEN, Broken, client_of

ERROR = "https://shlink.io/api/error/"


@pytest.fixture
def abc(links: Any) -> None:
    links.create({"target": "https://example.com/", "tags": "a"}, code="abc")


@pytest.mark.usefixtures("abc")
def test_versions_1_and_2_are_as_3_with_the_names_that_they_had(
    ask: Ask, migrated_url: str
) -> None:
    insert_clicks(migrated_url, click_row())
    new = ask("GET", "/v3/short-urls/abc").json
    assert "visitsCount" not in new
    for version in ("v1", "v2"):
        assert ask("GET", f"/{version}/short-urls/abc").json == {**new, "visitsCount": 1}
        assert ask("GET", f"/{version}/visits").json["visits"]["visitsCount"] == 1
        assert ask("GET", f"/{version}/tags/stats").json["tags"]["data"][0]["visitsCount"] == 1
        types = {
            ask("GET", f"/{version}/short-urls/nothing").json["type"],
            ask("GET", f"/{version}/mercure-info").json["type"],
            ask("GET", f"/{version}/short-urls?page=x").json["type"],
            ask("GET", f"/{version}/tags", key="x").json["type"],
            ask("GET", f"/{version}/nothing").json["type"],
        }
        assert types == {
            *("INVALID_SHORTCODE", "MERCURE_NOT_CONFIGURED", "INVALID_ARGUMENT"),
            *("INVALID_API_KEY", "NOT_FOUND"),
        }
    assert ask("GET", "/v4/short-urls").json["type"] == f"{ERROR}not-found"


def test_a_key_is_looked_for_where_clients_put_it_and_nowhere_else(ask: Ask) -> None:
    missing = ask("GET", "/v3/tags", key=None, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (missing.status_code, missing.json) == (
        401,
        {
            "title": "Invalid authorization",
            "type": f"{ERROR}missing-authentication",
            "expectedHeaders": ["X-Api-Key"],
            "status": 401,
            "detail": 'Expected one of the following authentication headers, ["X-Api-Key"], but'
            " none were provided",
        },
    )
    assert missing.headers["content-type"] == "application/problem+json"
    assert ask("GET", "/v3/tags", key=None, params={"apiKey": TOKEN}).status_code == 401
    for key in ("x", "hop_aaaaaaaaaaaa_" + "0" * 40, "\N{LATIN SMALL LETTER U WITH DIAERESIS}"):
        refused = ask("GET", "/v3/tags", key=key)
        assert (refused.status_code, refused.json["type"]) == (401, f"{ERROR}invalid-api-key")
    assert ask("GET", "/v3/tags").status_code == 200
    # Our own interface takes none of these.
    assert ask("GET", "/../api/v1/tags", key=TOKEN).status_code in (401, 404)


def test_revoked_keys_are_refused(ask: Ask, keys: KeyStore, reports: Any, links: Any) -> None:
    key, credential = keys.add("web", ["links:read"])
    assert ask("GET", "/v3/short-urls", key=credential.text).status_code == 200
    keys.revoke(key.id)
    # Another process, which has not heard of the key yet.
    other = asking(client_of(reports, links, TOKEN, keys=keys))
    refused = other("GET", "/v3/short-urls", key=credential.text)
    assert refused.json["type"] == f"{ERROR}invalid-api-key"
    assert refused.json["detail"] == "This key was revoked."


def test_health_takes_no_key(ask: Ask, reports: Any) -> None:
    for path in ("/health", "/v3/health", "/v2/health", "/v1/health"):
        answer = ask("GET", path, key=None, headers={"Host": "anything.example"})
        assert (answer.status_code, answer.json["status"]) == (200, "pass")
        assert answer.headers["content-type"] == "application/health+json"
    away = asking(client_of(reports, Broken(RedisUnavailable("away")), TOKEN))
    answer = away("GET", "/v3/health", key=None)
    assert (answer.status_code, answer.json["status"]) == (503, "fail")


def test_a_session_of_our_pages_opens_nothing_here() -> None:
    for method in ("GET", "POST"):
        sent = {"Cookie": "hopline_session=abc"}
        req = falcon.testing.create_req(method=method, path="/rest/v3/tags", headers=sent)
        assert session_token(req) == ""


def test_pages_of_named_sites_may_ask(ask: Ask) -> None:
    origin = {"Origin": "https://web.example"}
    preflight = ask(
        "OPTIONS",
        "/v3/short-urls/abc",
        key=None,
        headers={
            **origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "content-type,x-api-key",
        },
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://web.example"
    assert "x-api-key" in preflight.headers["access-control-allow-headers"]
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    for path in ("/v3/short-urls", "/v3/short-urls/nothing", "/v3/nothing"):
        answer = ask("GET", path, headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://web.example"
    other = ask("GET", "/v3/short-urls", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers


def test_errors_that_shlink_has_no_kind_for_have_their_status(ask: Ask, keys: KeyStore) -> None:
    _, credential = keys.add("reader", ["links:read"])
    refused = ask("POST", "/v3/short-urls", key=credential.text, json={"longUrl": "x"})
    assert (refused.status_code, refused.json["type"]) == (403, "https://httpstatus.es/403")
    assert "links:write" in refused.json["detail"]
    wrong = ask("DELETE", "/v3/short-urls")
    assert (wrong.status_code, wrong.json["type"]) == (405, "https://httpstatus.es/405")
    large = ask("POST", "/v3/short-urls", body=b'"' + b"x" * 100_000 + b'"')
    assert (large.status_code, large.json["type"]) == (413, "https://httpstatus.es/413")


def test_what_links_can_t_be_has_shlink_s_status(ask: Ask, links: Any) -> None:
    links.create({"target": "https://example.com/"}, code="gone")
    links.delete("gone")
    url = "https://example.com/"
    for method, path, body, status in (
        ("POST", "short-urls", {"longUrl": "https://e.example/\0"}, 400),
        ("POST", "short-urls", {"longUrl": url, "title": "a\0", "tags": ["?"]}, 400),
        ("POST", "short-urls", {"longUrl": url, "customSlug": "gone"}, 400),
        ("POST", "short-urls", {"longUrl": url, "maxVisits": 10**30}, 400),
        ("GET", "short-urls/gone", None, 404),
        ("PATCH", "short-urls/gone", {"title": "a"}, 404),
    ):
        answer = ask(method, f"/v3/{path}", json=body)
        assert answer.status_code == status, (path, body)


def test_bodies_that_are_none_are_named(ask: Ask) -> None:
    bad = (b"", b"{", b"[]", b"1", b'{"a":1,"a":2}', b'"\xff"', b"[" * 9_000, b'{"a":"\\ud800"}')
    for body in bad:
        for method, path in (("POST", "short-urls"), ("PUT", "tags")):
            answer = ask(method, f"/v3/{path}", body=body)
            assert (answer.status_code, answer.json["title"]) == (400, "Malformed request body")


def test_of_many_who_choose_the_same_slug_one_gets_it(ask: Ask) -> None:
    def make(number: int) -> int:
        body = {"longUrl": f"https://example.com/{number}", "customSlug": "mine"}
        answer = ask("POST", "/v3/short-urls", json=body)
        assert answer.status_code == 200 or answer.json["type"] == f"{ERROR}non-unique-slug"
        return answer.status_code

    def find(_: int) -> str:
        body = {"longUrl": "https://example.com/a", "findIfExists": True}
        code: str = ask("POST", "/v3/short-urls", json=body).json["shortCode"]
        return code

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(make, range(8))) == [200, *[400] * 7]
        assert len(set(threads.map(find, range(8)))) == 1


def test_who_wants_text_gets_the_short_url_alone(ask: Ask) -> None:
    for given in ({"params": {"format": "txt"}}, {"headers": {"Accept": "text/plain"}}):
        body = {"longUrl": "https://example.com/", "customSlug": "abc", "findIfExists": True}
        made = ask("POST", "/v3/short-urls", json=body, **given)
        assert (made.text, made.status_code) == ("https://go.example/abc", 200)
        assert made.headers["content-type"].startswith("text/plain")


@pytest.mark.usefixtures("abc")
def test_without_clickhouse_links_go_on(links: Any, keys: KeyStore) -> None:
    away = Broken(ClickHouseUnavailable("away"))
    ask = asking(client_of(away, links, TOKEN, keys=keys))
    unknown = {
        "total": 0,
        "nonBots": 0,
        "bots": 0,
        "unknown": "ClickHouse doesn't answer as it should",
    }
    made = ask("POST", "/v3/short-urls", json={"longUrl": "https://example.com/", "tags": ["b"]})
    assert (made.status_code, made.json["visitsSummary"]) == (200, unknown)
    changed = ask("PATCH", "/v3/short-urls/abc", json={"title": "A"})
    assert (changed.json["title"], changed.json["visitsSummary"]) == ("A", unknown)
    assert len(ask("GET", "/v3/short-urls").json["shortUrls"]["data"]) == 2
    assert ask("GET", "/v3/tags").json["tags"]["data"] == ["a", "b"]
    assert ask("DELETE", "/v3/short-urls/abc").status_code == 204
    for path in ("visits", "visits/non-orphan", "tags/stats", "short-urls?orderBy=visits-DESC"):
        refused = ask("GET", f"/v3/{path}")
        assert (refused.status_code, refused.json["type"]) == (503, "https://httpstatus.es/503")
        assert int(refused.headers["retry-after"]) > 0


def test_without_redis_all_is_refused_and_may_be_asked_again(
    reports: Any, make_settings: Any, free_port: Any
) -> None:
    links = open_store(make_settings(redis_url=f"redis://127.0.0.1:{free_port()}"))
    ask = asking(client_of(reports, links, TOKEN))
    for path in ("short-urls", "short-urls/abc", "tags", "short-urls/abc/visits"):
        refused = ask("GET", f"/v3/{path}")
        assert (refused.status_code, refused.json["type"]) == (503, "https://httpstatus.es/503")


_ODD = ("%00", "%FF%FE", "%27%20OR%201=1", "a%0d%0ab", "%F0%9F%98%80", "..", "-", "a" * 300)


@pytest.mark.usefixtures("abc")
def test_odd_paths_lead_nowhere(ask: Ask) -> None:
    for odd in _ODD:
        for method, path in (
            *(("GET", f"short-urls/{odd}"), ("DELETE", f"short-urls/{odd}")),
            *(("GET", f"short-urls/{odd}/visits"), ("GET", f"tags/{odd}/visits")),
            *(("GET", f"domains/{odd}/visits"), ("GET", f"short-urls/abc?domain={odd}")),
        ):
            answer = ask(method, f"/v3/{path}")
            assert answer.status_code == 404, path
            assert answer.json["type"].startswith(ERROR)


@pytest.mark.usefixtures("abc")
def test_odd_parameters_are_no_fault_of_ours(ask: Ask) -> None:
    for odd in (*_ODD, "-1", "0", "999999999", "1e9", ""):
        for path, names in (
            ("short-urls", ("page", "itemsPerPage", "tags[]", "searchTerm", "orderBy", "endDate")),
            ("short-urls/abc/visits", ("page", "startDate", "excludeBots")),
        ):
            for name in names:
                answer = ask("GET", f"/v3/{path}?{name}={odd}")
                assert answer.status_code in (200, 400), (path, name)
                if answer.status_code == 400:
                    assert answer.json["invalidElements"] == [name.removesuffix("[]")]


def test_requests_are_counted_by_route_and_limited(
    ask: Ask, reports: Any, links: Any, keys: KeyStore
) -> None:
    client: falcon.testing.TestClient = client_of(reports, links, TOKEN, keys=keys)
    answer = asking(client)("GET", "/v3/short-urls/nothing")
    assert "q=" in answer.headers["ratelimit-policy"]
    assert "ratelimit" not in asking(client)("GET", "/v3/health", key=None).headers
    text = client.simulate_get("/-/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert 'route="/rest/v3/short-urls/{code}"' in text
