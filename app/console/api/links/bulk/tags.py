"""Endpoints of the tags of links: /api/v1/tags and /api/v1/tags/{tag}."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import falcon
from pydantic import BaseModel, ConfigDict, Field

from app.console.api.body import read_object
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.models import Body, require
from app.console.api.links.paging import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    includes_clicks,
    link_header,
    read_limit,
    single,
)
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.problem import InsufficientScope, InvalidParameter
from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import Rights, author_of, caller_of
from app.links.many import Outcome
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.tags import Tag, Tags
from app.links.validation import MAX_TAG
from app.reports.query import BadQuery, Query
from app.reports.reading.reader import Reports
from app.reports.scope import OutOfScope, restricted, tagged_codes

PATH = "/api/v1/tags"
#: A tag may have slashes, which are one with those of the path when an application sees it.
TAG_PATH = f"{PATH}/{{tag:path}}"
#: Tags of a page whose clicks are counted, each by a report of its own.
MOST_COUNTED = 20


class TagView(BaseModel):
    """A tag; becomes is what it is being renamed to."""

    model_config = ConfigDict(extra="forbid")

    name: str
    links: int
    becomes: str | None
    humans: Annotated[
        int | None,
        Field(
            description="People who followed its links, with include=clicks alone; null for more"
            " links than a report counts, and for tags that the key isn't restricted to."
        ),
    ] = None


class TagPage(BaseModel):
    """A part of the list of tags, by their names."""

    model_config = ConfigDict(extra="forbid")

    data: list[TagView]
    next_cursor: Annotated[
        str | None, Field(description="What to ask for next as cursor; null at the end.")
    ]


class TagPatch(Body):
    """What a tag shall be called; merge where other links may be called so already."""

    name: Annotated[str, Field(json_schema_extra={"maxLength": MAX_TAG})]
    merge: bool = False


class TagChange(BaseModel):
    """What became of a tag's links; refused are those that others kept changing."""

    model_config = ConfigDict(extra="forbid")

    updated: int
    refused: int


TAGS: Operations = {
    "GET": Operation(
        parameters=(
            Parameter(
                "limit",
                "query",
                "Most tags of a page.",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            ),
            Parameter("cursor", "query", "next_cursor of the page before."),
            Parameter(
                "include",
                "query",
                f"What to show besides: a report for each tag, {MOST_COUNTED} tags at most.",
                {"enum": ["clicks"]},
            ),
        ),
        answers={200: TagPage},
        headers={"Link": 'The next page, rel="next", if there is one.'},
        problems=("invalid-parameter", "insufficient-scope"),
    )
}
_TAG = Parameter("tag", "path", "The tag, percent-encoded.")

ONE_TAG: Operations = {
    "PATCH": Operation(
        (_TAG,),
        body=TagPatch,
        media_types=("application/merge-patch+json", "application/json"),
        answers={200: TagChange},
        problems=(
            *("tag-not-found", "tag-taken", "tag-kept", "invalid-link", "invalid-body"),
            *("body-too-large", "unsupported-content-type"),
        ),
    ),
    "DELETE": Operation(
        (_TAG,), answers={200: TagChange}, problems=("tag-not-found", "tag-kept", "invalid-link")
    ),
}


class AllTags:
    """All tags.

    Args:
        links: whose tags they are.
        reports: count their clicks.
        limiter: of the requests for reports.
    """

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def __init__(
        self, tags: Tags, links: LinkStore, reports: Reports, limiter: ReportLimiter
    ) -> None:
        self._tags = tags
        self._links = links
        self._reports = reports
        self._limiter = limiter

    def is_costly(self, req: falcon.Request) -> bool:
        """Tell whether a request asks for clicks."""
        return "include" in req.params

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List tags by their names, with how many links carry them."""
        given = single(req.params, ("cursor", "include", "limit"))
        limit = read_limit(req.params)
        has_clicks = includes_clicks(req.params)
        if has_clicks:
            limit = _counted_limit(req, limit)
        found = self._tags.all(Precondition(tags=caller_of(req).tags))
        start = bisect_right([tag.name for tag in found], given.get("cursor", ""))
        page = found[start : start + limit]
        cursor = page[-1].name if len(found) > start + limit else None
        data = list(map(_shown, page))
        if has_clicks:
            humans = self._humans(req, page)
            data = [
                {**each, "humans": humans[tag.name]} for each, tag in zip(data, page, strict=True)
            ]
        resp.media = {"data": data, "next_cursor": cursor}
        if cursor:
            resp.append_header("Link", link_header(PATH, req.params, cursor))

    on_head = on_get

    def _humans(self, req: falcon.Request, page: Sequence[Tag]) -> dict[str, int | None]:
        """Return how many people followed the links of each tag."""
        names, own = tuple(tag.name for tag in page), caller_of(req).tags
        now = datetime.now(UTC)
        return self._limiter.answer_each(
            req, (PATH, names, own), names, lambda name: self._count(name, own, now)
        )

    def _count(self, name: str, own: tuple[str, ...], now: datetime) -> int | None:
        query = Query(tag=name, by=("link",), limit=1, metrics=("humans",))
        try:
            query = restricted(query, own, self._links)
            answer = self._reports.ask(query, now, tagged_codes(query, self._links))
        except (OutOfScope, BadQuery):
            return None
        return answer.figures.humans


def _counted_limit(req: falcon.Request, limit: int) -> int:
    """Return how many tags a page has whose clicks are counted.

    Raises:
        InsufficientScope: the caller may not see reports.
        InvalidParameter: it asks for more.
    """
    if not caller_of(req).may("stats:read"):
        raise InsufficientScope("stats:read")
    if "limit" not in req.params:
        return MOST_COUNTED
    if limit > MOST_COUNTED:
        raise InvalidParameter("limit", f"with include=clicks at most {MOST_COUNTED} will do")
    return limit


class OneTag:
    """A tag by its name.

    Args:
        links: whose tags they are.
        turns: that what changes many links takes.
    """

    rights: ClassVar[Rights] = {"PATCH": "links:write", "DELETE": "links:write"}

    def __init__(self, tags: Tags, links: LinkStore, turns: Turns) -> None:
        self._tags = tags
        self._links = links
        self._turns = turns

    def on_patch(self, req: falcon.Request, resp: falcon.Response, tag: str) -> None:
        """Rename a tag on all its links; what was interrupted goes on when it is repeated."""
        given = read_object(req, ("application/merge-patch+json", falcon.MEDIA_JSON))
        require(TagPatch, given, lambda _: None)
        only = Precondition(tags=caller_of(req).tags)
        with self._turns.turn():
            merges = given.get("merge", False)
            resp.media = _counted(
                self._as_caller(req).rename(tag, given.get("name", ""), only, merges=merges)
            )

    def on_delete(self, req: falcon.Request, resp: falcon.Response, tag: str) -> None:
        """Take a tag off all its links, which stay."""
        with self._turns.turn():
            only = Precondition(tags=caller_of(req).tags)
            resp.media = _counted(self._as_caller(req).remove(tag, only))

    def _as_caller(self, req: falcon.Request) -> Tags:
        return self._tags.by(self._links.by(author_of(req, "http tags")))


def _shown(tag: Tag) -> dict[str, object]:
    return {"name": tag.name, "links": tag.links, "becomes": tag.becomes}


def _counted(outcomes: Iterable[Outcome]) -> dict[str, int]:
    counts = Counter(outcome.kind for outcome in outcomes)
    return {"updated": counts["updated"], "refused": counts["refused"]}
