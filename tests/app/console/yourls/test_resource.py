import hashlib
import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import falcon.testing
import pytest

from app.changes.trail import open_trail
from app.console.rates.limiter import RateLimiter
from app.keys.caller import YOURLS_SCOPES
from app.keys.store import InvalidKey, KeyStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.app.console.yourls.conftest import ALL, Ask
from tests.support.console import TOKEN, Broken, OwnCounter, client_of

PATH = "/yourls-api.php"
URL = "https://example.com/"
NEEDED = {
    "shorturl": {"links:write"},
    "expand": {"links:read"},
    "url-stats": {"links:read", "stats:read"},
    "stats": {"links:read", "stats:read"},
    "db-stats": {"stats:read"},
    "version": set(),
}


def test_the_version_says_what_clients_can_expect(ask: Ask) -> None:
    assert ask("version").json == {"version": "1.8.2"}
    assert ask("version", db=1).json == {"version": "1.8.2", "db_version": "505"}
    assert ask("version", format="simple").text == "1.8.2"


@pytest.mark.parametrize("action", ["", "delete", "SHORTURL"])
def test_an_unknown_action_is_refused(ask: Ask, action: str) -> None:
    answer = ask(action)
    assert answer.status_code == 400
    assert answer.json == {
        "message": 'Unknown or missing "action" parameter',
        "errorCode": 400,
    }


def test_xml_is_what_nobody_asked_otherwise(
    client: falcon.testing.TestClient, sign: Callable[..., str]
) -> None:
    params = {"action": "shorturl", "url": f"{URL}?a&b", "signature": sign()}
    answer = client.simulate_get(PATH, params=params)
    assert answer.headers["content-type"] == "application/xml"
    root = ET.fromstring(answer.text)
    assert root.findtext("status") == "success"
    assert root.findtext("url/url") == f"{URL}?a&b"


@pytest.mark.parametrize("scope", ALL)
@pytest.mark.parametrize("action", NEEDED)
def test_each_action_takes_its_scopes(
    ask: Ask, sign: Callable[..., str], links: Any, action: str, scope: str
) -> None:
    links.create({"target": URL}, code="sale")
    answer = ask(action, sign(scope), url=URL, shorturl="sale")
    lacking = sorted(NEEDED[action] - {scope})
    assert answer.status_code == (403 if lacking else 200)
    if lacking:
        assert answer.json["message"] == f"This takes a key with the scope {lacking[0]}."


def test_nobody_is_let_in_without_a_key_even_on_this_machine(reports: Any, links: Any) -> None:
    client = client_of(reports, links)
    assert client.simulate_get("/api/v1/me").status_code == 200
    for given in ({}, {"signature": ""}, {"signature": "0" * 32}, {"timestamp": "1"}):
        answer = client.simulate_get(PATH, params={"format": "json", "action": "stats", **given})
        assert answer.status_code == 403
        assert answer.json == {"message": "Please log in", "errorCode": 403}


def test_what_opens_the_rest_of_the_console_opens_nothing_here(
    reports: Any, links: Any, keys: KeyStore
) -> None:
    client = client_of(reports, links, TOKEN, keys=keys)
    _, admin = keys.add("admin", ["admin"])
    for sent in (TOKEN, admin.text, admin.text.rpartition("_")[2]):
        bearer = {"Authorization": f"Bearer {sent}"}
        assert client.simulate_get(PATH, headers=bearer).status_code == 403
        assert client.simulate_get(PATH, params={"signature": sent}).status_code == 403


def test_a_signature_opens_nothing_else(client: falcon.testing.TestClient, keys: KeyStore) -> None:
    key, signature = keys.add("ShareX", ALL, of_yourls=True)
    for sent in (signature.text, f"hop_{key.id}_{signature.text:0<40}", f"hop_{key.id}_{'0' * 40}"):
        headers = {"Authorization": f"Bearer {sent}"}
        assert client.simulate_get("/api/v1/links", headers=headers).status_code == 401


@pytest.mark.parametrize("name", ["md5", "sha256", "sha512"])
def test_a_signature_that_is_good_for_a_while_is_taken(
    ask: Ask, sign: Callable[..., str], name: str
) -> None:
    now, signature = str(int(time.time())), sign()
    digest = hashlib.new(name, (now + signature).encode()).hexdigest()
    hashes = {} if name == "md5" else {"hash": name}
    assert ask("version", digest, timestamp=now, **hashes).status_code == 200
    assert ask("version", digest, timestamp=str(int(now) - 43_300), **hashes).status_code == 403
    assert ask("version", digest).status_code == 403


def test_clients_that_know_of_no_signature_send_it_as_a_password(
    ask: Ask, sign: Callable[..., str]
) -> None:
    signature = sign()
    assert ask("version", "", username="me", password=signature).status_code == 200
    assert ask("version", "", username="me", password="wrong").status_code == 403
    assert ask("version", "", password=signature).status_code == 403


def test_a_revoked_key_and_one_that_has_expired_are_refused(ask: Ask, keys: KeyStore) -> None:
    key, signature = keys.add("gone", ALL, of_yourls=True)
    keys.revoke(key.id)
    _, old = keys.add("old", ALL, of_yourls=True, expires_at=1)
    assert ask("version", signature.text).json["message"] == "This key was revoked."
    assert "expired" in ask("version", old.text).json["message"]


def test_a_rotated_key_has_a_new_signature(keys: KeyStore) -> None:
    key, before = keys.add("ShareX", ALL, of_yourls=True)
    rotated, after = keys.rotate(key.id, 60)
    assert after.text != before.text
    assert (rotated.signature, rotated.old_signature) == (after.text, before.text)


def test_a_key_of_yourls_clients_has_no_other_rights(keys: KeyStore) -> None:
    with pytest.raises(InvalidKey, match="scopes"):
        keys.add("too much", [*YOURLS_SCOPES, "admin"], of_yourls=True)


def test_what_is_made_has_its_line_and_its_author_is_the_key(
    ask: Ask, keys: KeyStore, redis_url: str, make_settings: Any
) -> None:
    assert ask("shorturl", url=URL, keyword="sale").status_code == 200
    [line, added] = open_trail(make_settings(redis_url=redis_url)).page().lines
    [key] = keys.all()
    assert (line.change.what, line.change.subject) == ("link.created", "sale")
    assert (line.change.author.who, line.change.author.via) == (f"key:{key.id}", "yourls")
    assert key.signature not in repr(added)


def test_requests_are_counted_by_route_and_key(
    client: falcon.testing.TestClient, ask: Ask, keys: KeyStore
) -> None:
    assert ask("version").status_code == 200
    assert ask("version", "wrong").status_code == 403
    metrics = client.simulate_get("/-/metrics").text
    [key] = keys.all()
    counted = f'hopline_console_requests_total{{key="{key.id}",route="{PATH}"}} 1.0'
    assert counted in metrics
    assert 'hopline_console_refusals_total{reason="unknown"} 1.0' in metrics


def test_no_secret_is_in_the_log(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    ask("version", "a-wrong-signature")
    assert "403 for '/yourls-api.php'" in caplog.text
    assert "a-wrong-signature" not in caplog.text


@pytest.mark.parametrize("action", ["url-stats", "stats", "db-stats"])
def test_clicks_that_nobody_can_count_are_not_made_up(
    links: Any, keys: KeyStore, action: str
) -> None:
    links.create({"target": URL}, code="sale")
    client = client_of(Broken(ClickHouseUnavailable("away")), links, keys=keys)
    _, signature = keys.add("n8n", ALL, of_yourls=True)
    params = {"action": action, "shorturl": "sale", "limit": "5", "format": "json"}
    answer = client.simulate_get(PATH, params={**params, "signature": signature.text})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert (answer.json["status"], answer.json["code"]) == ("fail", "error:db")


@pytest.mark.parametrize(
    ("action", "policy"), [("shorturl", "writes"), ("expand", "reads"), ("db-stats", "reports")]
)
def test_one_request_too_many_is_told_when_to_come_again(
    reports: Any, links: Any, keys: KeyStore, action: str, policy: str
) -> None:
    quotas = {"reads": 9, "writes": 9, "reports": 9, policy: 1}
    client = client_of(reports, links, keys=keys, limits=RateLimiter(OwnCounter(), quotas))
    _, signature = keys.add("busy", ALL, of_yourls=True)
    params = {"action": action, "url": URL, "format": "json", "signature": signature.text}
    answers = [client.simulate_get(PATH, params=params) for _ in range(2)]
    assert answers[0].status_code != 429
    assert answers[1].status_code == 429
    assert 1 <= int(answers[1].headers["retry-after"]) <= 60
    assert answers[1].json["message"].startswith(f"Too many {policy}")
    counted = f'hopline_console_throttled_total{{policy="{policy}"}} 1.0'
    assert counted in client.simulate_get("/-/metrics").text


def test_redis_away_is_told_in_the_format_that_was_asked_for(reports: Any) -> None:
    broken: Any = Broken(RedisUnavailable("away"))
    broken.ping = broken._client = None
    client = client_of(reports, broken, keys=broken)
    params = {"action": "version", "signature": "0" * 32, "format": "json"}
    answer = client.simulate_get(PATH, params=params)
    assert answer.status_code == 503
    assert answer.json["code"] == "error:db"


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_answered(client: falcon.testing.TestClient, method: str) -> None:
    assert client.simulate_request(method, PATH).status_code == 405


def test_a_form_that_cannot_be_read_is_refused(client: falcon.testing.TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.simulate_post(PATH, body="nothing", headers=headers).status_code == 400
    assert client.simulate_post(PATH, body="a" * 10**6, headers=headers).status_code == 413


def test_the_interface_of_yourls_is_no_part_of_the_document(
    client: falcon.testing.TestClient,
) -> None:
    document = client.simulate_get("/api/v1/openapi.json").json
    assert PATH not in document["paths"]
