"""What a link's QR code is over HTTP."""

from typing import Any

import falcon.testing
import pytest

from app.keys.store import KeyStore
from app.qr.code import QrCode
from app.qr.options import QrOptions
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import SHORT, TOKEN, Broken, client_of

TARGET = "https://example.com/a?b=c"
SVG, PNG = "/api/v1/links/sale/qr.svg", "/api/v1/links/sale/qr.png"
Client = falcon.testing.TestClient


@pytest.fixture
def sale(links: Any) -> Any:
    """The store of links, with one."""
    links.create({"target": TARGET, "tags": ["summer"]}, code="sale")
    return links


def test_the_code_of_the_short_url_comes_as_svg_and_as_png(client: Client, sale: Any) -> None:
    code = QrCode(f"{SHORT}/sale", QrOptions())
    for path, media_type, image in (
        (SVG, "image/svg+xml", code.svg()),
        (PNG, "image/png", code.png()),
    ):
        answer = client.simulate_get(path)
        assert (answer.status_code, answer.content) == (200, image)
        assert answer.headers["content-type"] == media_type
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.simulate_head(path).headers["etag"] == answer.headers["etag"]


def test_each_parameter_changes_the_image(client: Client, sale: Any) -> None:
    given = {"level": "H", "margin": "2", "dark": "#036", "light": "transparent", "source": "qr"}
    options = QrOptions("H", 2, 10, "#003366", "transparent", "qr")
    assert client.simulate_get(SVG, params=given).content == QrCode(f"{SHORT}/sale", options).svg()
    answer = client.simulate_get(PNG, params={**given, "scale": "3"})
    options = QrOptions("H", 2, 3, "#003366", "transparent", "qr")
    assert answer.content == QrCode(f"{SHORT}/sale", options).png()


@pytest.mark.parametrize(
    ("path", "query", "faults"),
    [
        (
            PNG,
            "level=X&margin=99&scale=33&dark=red&light=&source=x&colour=1",
            {"level", "margin", "scale", "dark", "light", "source", "colour"},
        ),
        (PNG, "margin=1&margin=2", {"margin"}),
        (SVG, "scale=3", {"scale"}),
        (SVG, "dark=eee", {"dark"}),
        (SVG, "light=333", {"light"}),
        (PNG, "dark=fff&light=000", {"dark"}),
    ],
)
def test_all_that_cannot_be_used_is_one_problem(
    client: Client, sale: Any, path: str, query: str, faults: set[str]
) -> None:
    answer = client.simulate_get(path, query_string=query)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/invalid-parameter")
    assert answer.headers["content-type"] == "application/problem+json"
    assert {each["field"] for each in answer.json["errors"]} == faults
    assert "etag" not in answer.headers


def test_who_has_the_image_gets_none(client: Client, sale: Any) -> None:
    etag = client.simulate_get(PNG).headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = client.simulate_get(PNG, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"] == "no-store"
    for other in ('"other"', "", ",", etag.strip('"')[:-1]):
        assert client.simulate_get(PNG, headers={"If-None-Match": other}).status_code == 200
    other = client.simulate_get(PNG, params={"margin": "1"}, headers={"If-None-Match": etag})
    assert other.status_code == 200


def test_only_links_that_are_there_have_one(client: Client, sale: Any) -> None:
    sale.update("sale", {"disabled": True})
    assert client.simulate_get(SVG).status_code == 200
    sale.delete("sale")
    gone = client.simulate_get(SVG)
    assert (gone.status_code, gone.json["type"]) == (410, "/problems/link-deleted")
    unknown = client.simulate_get("/api/v1/links/other/qr.png")
    assert (unknown.status_code, unknown.json["type"]) == (404, "/problems/link-not-found")


def test_a_key_sees_only_those_of_its_own_links(sale: Any, redis_url: str) -> None:
    sale.create({"target": TARGET}, code="other")
    with connect(redis_url, timeout_seconds=30) as redis:
        keys = KeyStore(redis, redis_url)
        app = client_of(Broken(ClickHouseUnavailable("away")), sale, TOKEN, keys=keys).app

        def status(path: str, *scopes: Any, tags: Any = ()) -> int:
            _, credential = keys.add("some", scopes, tags=tags)
            headers = {"Authorization": f"Bearer {credential.text}"}
            return int(Client(app, headers=headers).simulate_get(path).status_code)

        assert status(SVG, "links:read", tags=["summer"]) == 200
        assert status("/api/v1/links/other/qr.svg", "links:read", tags=["summer"]) == 404
        assert status(PNG, "stats:read") == 403
        assert Client(app).simulate_get(PNG).status_code == 401


def test_the_document_tells_of_the_images(client: Client) -> None:
    paths = client.simulate_get("/api/v1/openapi.json").json["paths"]
    png, svg = (paths[f"/api/v1/links/{{code}}/qr.{form}"]["get"] for form in ("png", "svg"))
    assert list(png["responses"]["200"]["content"]) == ["image/png"]
    assert "content" not in png["responses"]["304"]
    named = {each["name"] for each in png["parameters"] if each["in"] == "query"}
    assert named == {"level", "margin", "scale", "dark", "light", "source"}
    in_svg = {each["name"] for each in svg["parameters"] if each["in"] == "query"}
    assert named - in_svg == {"scale"}
