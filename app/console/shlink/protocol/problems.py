"""Problem details of Shlink's interface, by which its clients know what went wrong.

Types, titles and further members are those that Shlink documents; ``detail`` says in our words what
was wrong with which field. Versions 1 and 2 name types in capitals.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import falcon
import orjson

from app.console.api.problem import MEDIA_TYPE, Problem
from app.console.shlink.protocol.paths import KEY_HEADER, is_former

_TYPE = "https://shlink.io/api/error/{}"
#: Type of what Shlink has no kind for.
_OTHER_TYPE = "https://httpstatus.es/{}"


class Kind(NamedTuple):
    """A kind of problem: its status, its title, and its type in versions 1 and 2."""

    status: int
    title: str
    former: str = ""


KINDS: Mapping[str, Kind] = {
    "invalid-data": Kind(400, "Invalid data", "INVALID_ARGUMENT"),
    "non-unique-slug": Kind(400, "Invalid custom slug", "INVALID_SLUG"),
    "malformed-request-body": Kind(400, "Malformed request body"),
    "missing-authentication": Kind(401, "Invalid authorization", "INVALID_AUTHORIZATION"),
    "invalid-api-key": Kind(401, "Invalid API key", "INVALID_API_KEY"),
    "forbidden-tag-operation": Kind(403, "Forbidden tag operation", "FORBIDDEN_OPERATION"),
    "short-url-not-found": Kind(404, "Short URL not found", "INVALID_SHORTCODE"),
    "tag-not-found": Kind(404, "Tag not found", "TAG_NOT_FOUND"),
    "domain-not-found": Kind(404, "Domain not found", "DOMAIN_NOT_FOUND"),
    "not-found": Kind(404, "Not Found", "NOT_FOUND"),
    "tag-conflict": Kind(409, "Tag conflict", "TAG_CONFLICT"),
    "internal-server-error": Kind(500, "Internal Server Error"),
    "mercure-not-configured": Kind(
        501, "Mercure integration not configured", "MERCURE_NOT_CONFIGURED"
    ),
}

#: What Shlink calls the fields of a link.
FIELDS: Mapping[str, str] = {
    "code": "customSlug",
    "target": "longUrl",
    "expires_at": "validUntil",
    "click_limit": "maxVisits",
    "forward_query": "forwardQuery",
}
#: Kinds of Shlink for our own kinds of problem.
_OF_OURS: Mapping[str, str] = {
    "invalid-link": "invalid-data",
    "invalid-parameter": "invalid-data",
    "link-not-found": "short-url-not-found",
    "link-deleted": "short-url-not-found",
    "code-taken": "non-unique-slug",
    "invalid-body": "malformed-request-body",
}
_OF_STATUS: Mapping[int, str] = {404: "not-found", 500: "internal-server-error"}


class ShlinkProblem(falcon.HTTPError):
    """A problem of a kind that Shlink has.

    Args:
        kind: one of :data:`KINDS`.
        detail: what it is this time, for a person.
        members: further members of the problem.
    """

    def __init__(self, kind: str, detail: str, **members: object) -> None:
        super().__init__(KINDS[kind].status, description=detail)
        self.kind = kind
        self.members = members


class InvalidData(ShlinkProblem):
    """Fields or parameters that can't be used; the problem names all of them.

    Args:
        faults: what is wrong with which, by Shlink's names.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        detail = "; ".join(f"{name}: {text}" for name, text in faults.items())
        super().__init__("invalid-data", detail, invalidElements=list(faults))


def write_problem(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    """Write an error as Shlink tells it; fits ``App.set_error_serializer``."""
    told = _as_shlink(req, error)
    if isinstance(told, ShlinkProblem):
        kind = KINDS[told.kind]
        type_ = _TYPE.format(told.kind)
        if is_former(req) and kind.former:
            type_ = kind.former
        problem = {"title": kind.title, "type": type_, **told.members}
    else:
        status = told.status_code
        problem = {"title": HTTPStatus(status).phrase, "type": _OTHER_TYPE.format(status)}
    # Ours may have another status.
    resp.status = told.status
    detail = told.description or problem["title"]
    resp.data = orjson.dumps({**problem, "status": told.status_code, "detail": detail})
    resp.content_type = MEDIA_TYPE


def _as_shlink(req: falcon.Request, error: falcon.HTTPError) -> falcon.HTTPError:
    """Return the problem that Shlink has for an error, or the error itself."""
    if isinstance(error, ShlinkProblem):
        return error
    if isinstance(error, falcon.HTTPUnauthorized):
        return _unauthorized(req, error)
    ours = error.kind if isinstance(error, Problem) else ""
    kind = _OF_OURS.get(ours) or _OF_STATUS.get(error.status_code)
    if kind is None:
        return error
    if isinstance(error, Problem) and kind == "invalid-data":
        return InvalidData({FIELDS.get(name, name): text for name, text in error.faults.items()})
    members = {}
    if kind == "short-url-not-found":
        # /rest/v3/short-urls/CODE
        members["shortCode"] = (*req.path.split("/"), "", "", "", "")[4]
    return ShlinkProblem(kind, error.description or KINDS[kind].title, **members)


def _unauthorized(req: falcon.Request, error: falcon.HTTPUnauthorized) -> ShlinkProblem:
    if req.context.refusal == "missing":
        return ShlinkProblem(
            "missing-authentication",
            f'Expected one of the following authentication headers, ["{KEY_HEADER}"], but none'
            " were provided",
            expectedHeaders=[KEY_HEADER],
        )
    return ShlinkProblem("invalid-api-key", error.description or "")
