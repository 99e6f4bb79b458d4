"""Document that describes the interface in OpenAPI 3.1, made from its routes and models."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, NamedTuple

import falcon
import orjson
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from app.console.api.operation import Events, Image, JsonObject, Operation, Operations, Parameter
from app.console.api.problem import KINDS, MEDIA_TYPE
from app.console.api.rights import Rights
from app.version import __version__

PATH = "/api/v1/openapi.json"
_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH")
_NOTHING = Operation()
#: What falcon is told of a field of a path beside its name.
_CONVERTER = re.compile(r":\w+}")
#: Headers that every answer has.
_OF_ALL = {
    "RateLimit": "What is left of the minute's requests, by policy.",
    "RateLimit-Policy": "What a key may ask within a minute, by policy.",
    "X-Request-ID": "By which the log knows the request.",
}


class Route(NamedTuple):
    """A path, its parameters in braces, and what answers there by its methods ``on_get`` and so on.

    A resource says in ``rights`` which right each method takes; ``operations`` says what the
    document tells beside that.
    """

    path: str
    resource: object
    operations: Operations = MappingProxyType({})


class Fault(BaseModel):
    """What is wrong with a field of a request."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """Why a request was not carried out (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
    title: str
    status: int
    detail: str = ""
    errors: list[Fault] = []


class OpenApi:
    """Shows the document of some routes.

    Attributes:
        document: as JSON holds it.
    """

    rights: ClassVar[Rights] = {"GET": None}

    def __init__(self, routes: Iterable[Route]) -> None:
        own = Route(PATH, self)
        self.document = document([*routes, own])
        self._data = orjson.dumps(self.document)

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Describe the interface."""
        resp.data = self._data
        resp.content_type = falcon.MEDIA_JSON

    on_head = on_get


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return what there is to be asked, in OpenAPI 3.1."""
    operations = chain.from_iterable(route.operations.values() for route in routes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hopline",
            "version": __version__,
            "description": "Short links, and what became of them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {_CONVERTER.sub("}", route.path): _path(route) for route in routes},
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of `hopline keys add`, or the console's token.",
                }
            },
        },
    }


def methods_of(resource: object) -> list[str]:
    """Return the methods of HTTP, without HEAD and OPTIONS, that a resource answers."""
    return [method for method in _METHODS if hasattr(resource, f"on_{method.lower()}")]


def _path(route: Route) -> dict[str, Any]:
    return {
        method.lower(): _operation(route, method, route.operations.get(method, _NOTHING))
        for method in methods_of(route.resource)
    }


def _operation(route: Route, method: str, operation: Operation) -> dict[str, Any]:
    text = inspect.getdoc(getattr(route.resource, f"on_{method.lower()}")) or ""
    rights: Rights = getattr(route.resource, "rights", {})
    path = _CONVERTER.sub("}", route.path)
    words = re.findall(r"\w+", path.removeprefix("/api/v1"))
    found: dict[str, Any] = {
        "operationId": "_".join([method.lower(), *words]),
        "summary": text.partition("\n")[0].rstrip("."),
        "tags": words[:1],
        "security": [{"key": [scope] if (scope := rights.get(method)) else []}],
        "responses": _responses(operation),
    }
    if parameters := [*_of_path(path, operation), *operation.parameters]:
        found["parameters"] = [_parameter(each) for each in parameters]
    if operation.body:
        schema = _reference(operation.body)
        content = {media_type: {"schema": schema} for media_type in operation.media_types}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _of_path(path: str, operation: Operation) -> list[Parameter]:
    told = {each.name for each in operation.parameters}
    names = re.findall(r"{(\w+)}", path)
    return [Parameter(name, "path", f"The {name}.") for name in names if name not in told]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _responses(operation: Operation) -> dict[str, Any]:
    answers = operation.answers or {200: JsonObject}
    headers = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in {**operation.headers, **_OF_ALL}.items()
    }
    found: dict[str, Any] = {}
    for status, shown in answers.items():
        found[str(status)] = {"description": falcon.code_to_http_status(status), "headers": headers}
        if shown:
            found[str(status)]["content"] = _content(shown, operation.answer_types)
    for status, titles in _by_status((*operation.problems, "quota-exceeded")).items():
        found[str(status)] = _problem(" · ".join(titles))
    found["default"] = _problem("The request was not carried out.")
    return found


def _content(shown: type[BaseModel] | Image | Events, json_types: Sequence[str]) -> dict[str, Any]:
    if isinstance(shown, Image):
        return {shown.media_type: {}}
    if isinstance(shown, Events):
        return {shown.media_type: {"schema": {"type": "string"}}}
    schema = _reference(shown)
    return {media_type: {"schema": schema} for media_type in json_types}


def _by_status(problems: Iterable[str]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for kind in problems:
        found.setdefault(KINDS[kind].status, []).append(KINDS[kind].title)
    return found


def _problem(description: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": _reference(ProblemDetails)}}
    return {"description": description, "content": content}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    models: set[type[BaseModel]] = {ProblemDetails, JsonObject}
    for operation in operations:
        told = (operation.body, *operation.answers.values())
        models |= {each for each in told if isinstance(each, type)}
    return dict(_schemas_of(tuple(sorted(models, key=lambda model: model.__name__))))


@lru_cache(maxsize=4)
def _schemas_of(models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    """Return schemas by name; of all that a document takes, they take the longest to make."""
    _, found = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas
