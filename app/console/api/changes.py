"""Endpoint that shows who changed which links and API keys: GET /api/v1/audit."""

from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

import falcon
from pydantic import BaseModel, ConfigDict, Field

from app.changes.change import What
from app.changes.trail import BadCursor, Page, Trail, describe
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.problem import InvalidParameter
from app.console.api.rights import Rights
from app.keys.credential import id_in

PATH = "/api/v1/audit"
_NAMES = ("cursor", "key", "limit", "link")
_DEFAULT_LIMIT, _MOST = 100, 1000


class ChangeView(BaseModel):
    """A change of a link or an API key."""

    model_config = ConfigDict(extra="forbid")

    id: str
    made_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    what: What
    subject: Annotated[str, Field(description="Code of the link, or id of the key.")]
    who: str
    name: str
    via: str
    request_id: str
    was: Annotated[dict[str, Any], Field(alias="from")]
    to: dict[str, Any]
    count: int


class ChangePage(BaseModel):
    """A part of the trail of changes, newest first."""

    model_config = ConfigDict(extra="forbid")

    data: list[ChangeView]
    next_cursor: Annotated[
        str | None, Field(description="What to ask for next as cursor; null at the end.")
    ]


CHANGES: Operations = {
    "GET": Operation(
        parameters=(
            Parameter("link", "query", "Only changes of the link with this code."),
            Parameter("key", "query", "Only changes of the API key with this id."),
            Parameter(
                "limit",
                "query",
                "Most changes of a page.",
                {"type": "integer", "minimum": 1, "maximum": _MOST, "default": _DEFAULT_LIMIT},
            ),
            Parameter("cursor", "query", "next_cursor of the page before."),
        ),
        answers={200: ChangePage},
        headers={"Link": 'The next page, rel="next", if there is one.'},
        problems=("invalid-parameter",),
    )
}


class Changes:
    """Answers with a page of the trail of changes, the newest first."""

    rights: ClassVar[Rights] = {"GET": "admin"}

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell who changed which links and API keys, newest first.

        Raises:
            InvalidParameter: naming the first parameter that can't be used.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        given = _single(req)
        page = self._page(given)
        resp.media = {
            "data": [describe(line) for line in page.lines],
            "next_cursor": page.after,
        }
        if page.after:
            following = urlencode({**given, "cursor": page.after})
            resp.append_link(f"{PATH}?{following}", "next")

    on_head = on_get

    def _page(self, given: dict[str, str]) -> Page:
        if "link" in given and "key" in given:
            raise InvalidParameter("key", "give either a link or a key")
        subject = given.get("link", "")
        if "key" in given:
            subject = id_in(given["key"]) or ""
            if not subject:
                # What was sent may be a secret with a slip in it.
                raise InvalidParameter("key", "that is no key's id")
        try:
            return self._trail.page(after=given.get("cursor"), limit=_limit(given), subject=subject)
        except BadCursor as error:
            raise InvalidParameter("cursor", str(error)) from None


def _single(req: falcon.Request) -> dict[str, str]:
    """Return the parameters of a request, of which none may be unknown or repeated."""
    found: dict[str, str] = {}
    for name, value in req.params.items():
        if name not in _NAMES:
            raise InvalidParameter(name, f"there is only {', '.join(_NAMES)}")
        if not isinstance(value, str):
            raise InvalidParameter(name, "is there more than once")
        found[name] = value
    return found


def _limit(given: dict[str, str]) -> int:
    text = given.get("limit", str(_DEFAULT_LIMIT))
    if text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= _MOST:
        return int(text)
    raise InvalidParameter("limit", f"expected a number from 1 to {_MOST}")
