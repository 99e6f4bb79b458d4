"""The document of the interface is that of the interface: routes, rights, models and examples."""

import re
from collections.abc import Iterator
from typing import Any

import falcon.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.settings import Settings
from app.console.api.dead_letters.endpoints import dead_letter_routes
from app.console.api.links.models import LinkPatch, LinkReplacement, LinkView, NewLink, require
from app.console.api.openapi import PATH, methods_of
from app.console.api.system import system_routes
from app.dead_letters.shards import AllDeadLetters
from app.links.json import describe
from app.links.link import Link
from app.links.validation import OPTIONS, InvalidLink, LinkOptions
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.support.console import TOKEN, Broken, clicks_of, client_of, doctor_of


@pytest.fixture(scope="module")
def client() -> falcon.testing.TestClient:
    away = Broken(RedisUnavailable("away"))
    routes = dead_letter_routes(AllDeadLetters({}), Broken(RedisUnavailable("away")))
    routes += clicks_of(Settings(), away)
    routes += [*system_routes(away), doctor_of(lambda: ())]
    return client_of(Broken(ClickHouseUnavailable("away")), away, more=routes)


@pytest.fixture(scope="module")
def document(client: falcon.testing.TestClient) -> dict[str, Any]:
    answer = client.simulate_get(PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json
    return found


def routes(app: Any) -> Iterator[tuple[str, Any]]:
    waiting = list(app._router._roots)
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.resource is not None and node.uri_template.startswith("/api/"):
            yield node.uri_template.replace(":path}", "}"), node.resource


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_tells_of_every_route_and_method_and_of_no_other(
    client: falcon.testing.TestClient, document: dict[str, Any]
) -> None:
    served = {path: {each.lower() for each in methods_of(it)} for path, it in routes(client.app)}
    assert {path: set(methods) for path, methods in document["paths"].items()} == served
    assert len(served) > 5


def test_it_names_the_right_that_each_method_takes(
    client: falcon.testing.TestClient, document: dict[str, Any]
) -> None:
    resources = dict(routes(client.app))
    for path, method, operation in operations(document):
        scope = resources[path].rights[method.upper()]
        assert operation["security"] == [{"key": [scope] if scope else []}], path


def test_each_operation_has_a_name_of_its_own_a_summary_and_its_parameters(
    document: dict[str, Any],
) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, _, operation in operations(document):
        assert operation["summary"]
        parameters = operation.get("parameters", [])
        in_path = [each["name"] for each in parameters if each["in"] == "path"]
        assert in_path == re.findall(r"{(\w+)}", path)
        assert all(each["required"] == (each["in"] == "path") for each in parameters)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(inner, list) or isinstance(value, dict):
            for each in inner:
                yield from references(each)

    found = set(references(document))
    names = {reference.removeprefix("#/components/schemas/") for reference in found}
    assert names - document["components"]["schemas"].keys() == set()
    assert {"NewLink", "LinkView", "LinkPage", "ProblemDetails"} <= names


def test_models_have_the_fields_that_links_have(document: dict[str, Any]) -> None:
    link = Link(code="a", target="https://a.b/", created_ms=0, updated_ms=0)
    shown = describe(link, short_url="", uses=0, now=0.0)
    LinkView.model_validate(shown)
    assert tuple(LinkView.model_fields) == tuple(shown)
    assert set(LinkReplacement.model_fields) == set(LinkPatch.model_fields) == set(OPTIONS)
    assert set(NewLink.model_fields) == {*OPTIONS, "code"}
    schemas = document["components"]["schemas"]
    assert schemas["NewLink"]["required"] == ["target"]
    assert "required" not in schemas["LinkPatch"]
    assert not any("default" in each for each in schemas["LinkPatch"]["properties"].values())


def test_examples_and_bounds_are_those_of_the_validation(document: dict[str, Any]) -> None:
    options = LinkOptions([], allow_private_targets=True)
    properties = document["components"]["schemas"]["NewLink"]["properties"]
    examples = 0
    for name, schema in properties.items():
        for example in schema.get("examples", []):
            examples += 1
            require(NewLink, {name: example}, lambda given: given)
            if name != "code":
                options.check({name: example}, now=0.0)
    assert examples > 5
    for name in ("title", "target", "cache_control"):
        with pytest.raises(InvalidLink):
            options.check({name: "x" * (properties[name]["maxLength"] + 1)}, now=0.0)


@given(st.from_regex(r"[a-z_]{1,12}", fullmatch=True))
def test_a_field_that_the_models_do_not_have_is_refused(name: str) -> None:
    if name in NewLink.model_fields:
        return
    with pytest.raises(InvalidLink, match="no such option"):
        require(NewLink, {"target": "https://a.b/", name: 1}, lambda given: given)


def test_whoever_is_let_in_may_read_it_and_nobody_else() -> None:
    away = Broken(RedisUnavailable("away"))
    client = client_of(Broken(ClickHouseUnavailable("away")), away, TOKEN)
    assert client.simulate_get(PATH).status_code == 401
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.simulate_get(PATH, headers=headers).status_code == 200
    assert client.simulate_post(PATH, headers=headers).status_code == 405
