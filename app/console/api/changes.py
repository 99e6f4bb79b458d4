"""Endpoint that shows who changed which links and API keys: GET /api/v1/audit."""

from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

import falcon
from pydantic import BaseModel, ConfigDict, Field

from app.changes.change import What
from app.changes.trail import BadCursor, Page, Trail, describe
from app.console.api.given import Given, whole_number
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.rights import Rights
from app.keys.credential import id_in

PATH = "/api/v1/audit"
_NAMES = ("cursor", "key", "letter", "limit", "link")
_DEFAULT_LIMIT, _MOST = 100, 1000


class ChangeView(BaseModel):
    """A change of a link or an API key."""

    model_config = ConfigDict(extra="forbid")

    id: str
    made_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    what: What
    subject: Annotated[str, Field(description="A link's code, or an id.")]
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
            Parameter("letter", "query", "Only changes of the dead letter with this id."),
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
            InvalidParameter: naming all that can't be used.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        given = Given(req.params, _NAMES)
        limit = given.read("limit", whole_number(_MOST), _DEFAULT_LIMIT)
        page = self._page(given, limit)
        resp.media = {
            "data": [describe(line) for line in page.lines],
            "next_cursor": page.after,
        }
        if page.after:
            following = urlencode({**given.texts, "cursor": page.after})
            resp.append_link(f"{PATH}?{following}", "next")

    on_head = on_get

    def _page(self, given: Given, limit: int) -> Page:
        subjects = [given.texts[name] for name in ("link", "letter") if name in given.texts]
        if "key" in given.texts:
            subjects.append(given.read("key", _key_id, ""))
        if len(subjects) > 1:
            given.faults.setdefault("key", "give one of a link, a key and a letter")
        after = given.texts.get("cursor")
        try:
            found = self._trail.page(after=after, limit=limit, subject="".join(subjects[:1]))
        except BadCursor as error:
            given.faults["cursor"] = str(error)
        given.require()
        return found


def _key_id(text: str) -> str:
    found = id_in(text)
    if not found:
        # What was sent may be a secret with a slip in it.
        raise ValueError("that is no key's id")
    return found
