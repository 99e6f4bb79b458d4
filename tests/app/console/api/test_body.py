"""Bodies that must not be understood as something else, by the endpoint that makes links."""

import io
from typing import Any

import falcon.testing
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.console.api.body import MAX_BYTES
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.console import Broken, client_of

LINK = '{"target": "https://example.com/"%s}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(links: Any) -> falcon.testing.TestClient:
    return client_of(Broken(ClickHouseUnavailable("away")), links)


def post(client: falcon.testing.TestClient, body: bytes | str, **headers: str) -> Any:
    return client.simulate_post("/api/v1/links", body=body, headers={**JSON, **headers})


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b"[]", 400, "no JSON object"),
        (b'"x"', 400, "no JSON object"),
        (b"null", 400, "no JSON object"),
        (LINK % "}", 400, "no JSON"),
        (LINK % ', "status": NaN', 400, "no JSON"),
        (LINK % ', "status": 1e999', 400, "no JSON"),
        (LINK % f', "status": {"9" * 5000}', 400, "no JSON"),
        (LINK % f', "status": {"9" * 300}', 422, "status"),
        (LINK % f', "click_limit": {2**64}', 422, "click_limit"),
        (LINK % ', "title": "\\ud800"', 400, "no JSON"),
        (LINK % ', "title": "\\u0000"', 422, "control character"),
        (b'{"target": "https://example.com/\xff"}', 400, "no JSON"),
        (b"\xef\xbb\xbf{}", 400, "no JSON"),
        (b"\xff\xfe{\x00}\x00", 400, "no JSON"),
        (LINK % ', "target": "https://other.example/"', 400, "'target' is there twice"),
        (LINK % ', "tags": [{"a": 1, "a": 2}]', 400, "'a' is there twice"),
        (LINK % f', "title": {"[" * 5000}', 400, "no JSON"),
        (LINK % f', "title": {"[" * 900}{"]" * 900}', 422, "a list is no text"),
        (LINK % f', "tags": {"[" * 900}{"]" * 900}', 422, "a list is no text"),
        (LINK % (', "x": ' + '{"a":' * 900 + "1" + "}" * 900), 422, "no such option"),
        (LINK % f', "title": "{"x" * MAX_BYTES}"', 413, f"more than {MAX_BYTES} bytes"),
        (b" " * 10_000_000, 413, f"more than {MAX_BYTES} bytes"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_nothing_stored(
    client: falcon.testing.TestClient, links: Any, body: bytes | str, status: int, words: str
) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert words in answer.text
    assert links.links.count() == 0


def test_a_name_that_is_there_twice_is_named(client: falcon.testing.TestClient) -> None:
    answer = post(client, LINK % ', "title": "a", "title": "b"')
    assert answer.json["errors"] == [{"field": "title", "message": "is there twice"}]


def test_a_body_without_a_length_is_read_to_its_end_and_no_further(
    client: falcon.testing.TestClient, links: Any
) -> None:
    def chunked(body: bytes) -> Any:
        extras = {
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "CONTENT_LENGTH": "",
            "HTTP_TRANSFER_ENCODING": "chunked",
        }
        return client.simulate_post("/api/v1/links", headers=JSON, extras=extras)

    assert chunked((LINK % ', "code": "sale"').encode()).status_code == 201
    assert chunked(b" " * (MAX_BYTES + 1)).status_code == 413
    assert links.links.count() == 1


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/merge-patch+json",
        "application/jsonx",
        "text/json",
    ],
)
def test_a_body_of_another_type_is_refused(
    client: falcon.testing.TestClient, links: Any, media_type: str
) -> None:
    answer = post(client, LINK % "", **{"Content-Type": media_type})
    assert answer.status_code == 415
    assert answer.json["type"] == "/problems/unsupported-content-type"
    assert answer.headers["accept"] == "application/json"
    assert links.links.count() == 0


def test_a_patch_of_another_type_is_told_what_is_read(client: falcon.testing.TestClient) -> None:
    headers = {"Content-Type": "application/json-patch+json"}
    answer = client.simulate_patch("/api/v1/links/sale", body="[]", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept-patch"] == "application/merge-patch+json, application/json"


@given(body=st.binary(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_are_a_fault_of_ours(client: falcon.testing.TestClient, body: bytes) -> None:
    assert post(client, body).status_code in (400, 422)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    field=st.sampled_from(["code", "status", "expires_at", "click_limit", "tags", "title", "x"]),
    value=json_values,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_value_is_a_fault_of_ours(
    client: falcon.testing.TestClient, field: str, value: object
) -> None:
    body = {"target": "https://example.com/", field: value}
    answer = client.simulate_post("/api/v1/links", json=body)
    assert answer.status_code in (201, 400, 409, 422)
