import shlex
from typing import Any

import pytest

from app.console.api.openapi import document
from app.console.api.system import system_routes
from app.console.pages.reference.outline import Outline, kind_of, outline
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.support.console import Broken, client_of


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    away = Broken(RedisUnavailable("away"))
    client = client_of(Broken(ClickHouseUnavailable("away")), away, more=system_routes(away))
    found: dict[str, Any] = client.simulate_get("/api/v1/openapi.json").json
    return found


@pytest.fixture(scope="module")
def shown(told: dict[str, Any]) -> Outline:
    return outline(told)


def test_every_operation_and_schema_of_the_document_is_shown(
    told: dict[str, Any], shown: Outline
) -> None:
    operations = [each for several in shown.subjects.values() for each in several]
    wanted = {(path, each.upper()) for path, methods in told["paths"].items() for each in methods}
    assert {(each.path, each.method) for each in operations} == wanted
    assert {model.name for model in shown.models} == told["components"]["schemas"].keys()
    assert len({each.id for each in operations}) == len(operations)


def test_what_is_linked_to_is_there(shown: Outline) -> None:
    linked = {
        name
        for operations in shown.subjects.values()
        for one in operations
        for name in (*one.body, *(name for answer in one.answers for name in answer.shows))
    }
    linked |= {name for model in shown.models for field in model.fields for name in field.shows}
    assert linked <= {model.name for model in shown.models}
    assert "LinkView" in linked


def test_a_command_can_be_typed_as_it_stands(shown: Outline) -> None:
    by_id = {one.id: one for several in shown.subjects.values() for one in several}
    assert by_id["get_links"].curl == 'curl -H "Authorization: Bearer $KEY" "$URL/api/v1/links"'
    for one in by_id.values():
        words = shlex.split(one.curl)
        assert words[0] == "curl"
        assert words[-1].startswith("$URL/api/v1/")
        assert "{" not in words[-1]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, "integer 1 to 9 = 3"),
        ({"type": "string", "minLength": 1}, "string ≥ 1 characters"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"enum": ["a", 1]}, '"a" | 1'),
        ({"const": "x"}, '"x"'),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/LinkView"}},
            "array of LinkView",
        ),
        ({}, "anything"),
    ],
)
def test_a_kind_is_told_in_few_words(schema: dict[str, Any], kind: str) -> None:
    assert kind_of(schema) == kind


def test_a_document_of_these_routes_alone_can_be_outlined() -> None:
    assert outline(document(system_routes(Broken(RuntimeError())))).subjects.keys() == {"system"}
