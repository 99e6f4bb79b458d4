"""Outline of the interface's document as a page shows it: operations by subject, and schemas."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]
_REFERENCE = "#/components/schemas/"


class Field(NamedTuple):
    """A parameter, or a field of a schema.

    Attributes:
        place: where a parameter stands: query, path or header; '' for a field.
        shows: names of the schemas that its type is made of.
    """

    name: str
    kind: str
    text: str
    place: str = ""
    is_required: bool = False
    shows: tuple[str, ...] = ()


class Answer(NamedTuple):
    """An answer: its status or ``default``, what it says, its media types, what it holds."""

    status: str
    text: str
    media_types: tuple[str, ...]
    shows: tuple[str, ...]


class Operation(NamedTuple):
    """A method of a path.

    Attributes:
        scope: that a key needs; '' for any key.
        body: names of the schemas of what is sent.
        curl: a command that asks it.
    """

    id: str
    method: str
    path: str
    summary: str
    scope: str
    parameters: tuple[Field, ...]
    media_types: tuple[str, ...]
    body: tuple[str, ...]
    answers: tuple[Answer, ...]
    curl: str


class Model(NamedTuple):
    """A schema with a name."""

    name: str
    text: str
    kind: str
    fields: tuple[Field, ...]


class Outline(NamedTuple):
    """All that there is: operations by subject, and schemas by name."""

    subjects: dict[str, list[Operation]]
    models: list[Model]


def outline(document: Mapping[str, Any]) -> Outline:
    """Return what a page shows of a document in OpenAPI 3.1."""
    schemas: Mapping[str, Schema] = document["components"]["schemas"]
    subjects: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            (subject,) = told["tags"][:1] or ("other",)
            subjects.setdefault(subject, []).append(_operation(path, method, told, schemas))
    models = [_model(name, schema) for name, schema in sorted(schemas.items())]
    return Outline(dict(sorted(subjects.items())), models)


def kind_of(schema: Schema) -> str:
    """Return what a schema lets be there, in few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(map(kind_of, several)))
    if "enum" in schema:
        return " | ".join(json.dumps(each, ensure_ascii=False) for each in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    kind = schema.get("type", "anything")
    kinds = [kind] if isinstance(kind, str) else list(kind)
    if kind == "array":
        return f"array of {kind_of(schema.get('items', {}))}"
    return " ".join((" | ".join(kinds), *_bounds(schema)))


def _bounds(schema: Schema) -> Iterator[str]:
    if "format" in schema:
        yield f"({schema['format']})"
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
    ):
        if low in schema and high in schema:
            yield f"{schema[low]} to {schema[high]}{unit}"
        elif low in schema:
            yield f"≥ {schema[low]}{unit}"
        elif high in schema:
            yield f"≤ {schema[high]}{unit}"
    if schema.get("default") is not None:
        yield f"= {json.dumps(schema['default'], ensure_ascii=False)}"


def _operation(
    path: str, method: str, told: Mapping[str, Any], schemas: Mapping[str, Schema]
) -> Operation:
    content = told.get("requestBody", {}).get("content", {})
    body = tuple(_shown(content))
    ((scopes,),) = (tuple(each.values()) for each in told["security"])
    parameters = tuple(
        Field(
            each["name"],
            kind_of(each["schema"]),
            each.get("description", ""),
            each["in"],
            each.get("required", False),
        )
        for each in told.get("parameters", ())
    )
    answers = tuple(
        Answer(
            status,
            each["description"],
            tuple(each.get("content", {})),
            tuple(_shown(each.get("content", {}))),
        )
        for status, each in told["responses"].items()
    )
    curl = _curl(path, method, next(iter(content), ""), schemas.get(body[0], {}) if body else {})
    return Operation(
        told["operationId"],
        method.upper(),
        path,
        told["summary"],
        " ".join(scopes),
        parameters,
        tuple(content),
        body,
        answers,
        curl,
    )


def _shown(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of schemas that bodies hold, each once."""
    named = (_names(each.get("schema", {})) for each in content.values())
    yield from dict.fromkeys(name for names in named for name in names)


def _names(schema: object) -> Iterator[str]:
    """Yield the names of the schemas that one is made of."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield str(schema["$ref"]).removeprefix(_REFERENCE)
        for each in schema.values():
            yield from _names(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _names(each)


def _model(name: str, schema: Schema) -> Model:
    required = schema.get("required", ())
    fields = tuple(
        Field(
            field,
            kind_of(told),
            told.get("description", ""),
            is_required=field in required,
            shows=tuple(dict.fromkeys(_names(told))),
        )
        for field, told in schema.get("properties", {}).items()
    )
    return Model(name, schema.get("description", ""), kind_of(schema), fields)


def _curl(path: str, method: str, media_type: str, body: Schema) -> str:
    """Return a command for a shell in which KEY and URL say who asks, and whom."""
    words = ["curl", '-H "Authorization: Bearer $KEY"']
    if method not in ("get", "post") or (method == "post" and not media_type):
        words.append(f"-X {method.upper()}")
    if media_type:
        example = json.dumps(_example(body), ensure_ascii=False).replace("'", r"'\''")
        words.append(f"-H 'Content-Type: {media_type}' -d '{example}'")
    words.append('"$URL' + re.sub(r"{(\w+)}", lambda found: found[1].upper(), path) + '"')
    return " ".join(words)


def _example(schema: Schema) -> object:
    """Return what a body can be: the examples of the fields that have to be there."""
    if examples := schema.get("examples"):
        return examples[0]
    properties: Mapping[str, Schema] = schema.get("properties", {})
    return {name: _value(properties[name]) for name in schema.get("required", ())}


def _value(schema: Schema) -> object:
    if examples := schema.get("examples"):
        return examples[0]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [_value(schema.get("items", {}))]
    return {"integer": 1, "number": 1, "boolean": True, "object": {}}.get(
        schema.get("type", ""), "…"
    )
