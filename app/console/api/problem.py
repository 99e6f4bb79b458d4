"""Handlers that turn errors into problem details (RFC 9457) with the status that fits."""

from http import HTTPStatus

import falcon
import orjson

from app.keys.caller import Scope

#: What a refused caller is asked for.
CHALLENGE = 'Bearer realm="hopline"'

_MEDIA_TYPE = "application/problem+json"


class InvalidParameter(falcon.HTTPBadRequest):
    """A query parameter that can't be used; the problem names it."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(description=f"{parameter}: {detail}")
        self.parameter = parameter


class InsufficientScope(falcon.HTTPForbidden):
    """A caller lacks a right; the problem names the scope (RFC 6750 §3.1)."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(
            description=f"This takes a key with the scope {scope}.",
            headers={
                "WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
            },
        )
        self.scope = scope


def write_problem(_: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    """Write an error as the answer to a request; fits ``App.set_error_serializer``."""
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
    }
    if error.description:
        problem["detail"] = error.description
    if isinstance(error, InvalidParameter):
        problem["parameter"] = error.parameter
    if isinstance(error, InsufficientScope):
        problem["scope"] = error.scope
    resp.data = orjson.dumps(problem)
    resp.content_type = _MEDIA_TYPE
