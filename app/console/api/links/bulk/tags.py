"""Endpoints of the tags of links: /api/v1/tags and /api/v1/tags/{tag}."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, ClassVar

import falcon
from pydantic import BaseModel, ConfigDict, Field

from app.console.api.body import read_object
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.models import Body, require
from app.console.api.links.paging import DEFAULT_LIMIT, MAX_LIMIT, link_header, read_limit, single
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.rights import Rights, author_of, caller_of
from app.links.many import Outcome
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.tags import Tag, Tags
from app.links.validation import MAX_TAG

PATH = "/api/v1/tags"
#: A tag may have slashes, which are one with those of the path when an application sees it.
TAG_PATH = f"{PATH}/{{tag:path}}"


class TagView(BaseModel):
    """A tag; becomes is what it is being renamed to."""

    model_config = ConfigDict(extra="forbid")

    name: str
    links: int
    becomes: str | None


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
        ),
        answers={200: TagPage},
        headers={"Link": 'The next page, rel="next", if there is one.'},
        problems=("invalid-parameter",),
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
    """All tags."""

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def __init__(self, tags: Tags) -> None:
        self._tags = tags

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List tags by their names, with how many links carry them."""
        given = single(req.params, ("cursor", "limit"))
        limit = read_limit(req.params)
        found = self._tags.all(Precondition(tags=caller_of(req).tags))
        start = bisect_right([tag.name for tag in found], given.get("cursor", ""))
        page = found[start : start + limit]
        cursor = page[-1].name if len(found) > start + limit else None
        resp.media = {"data": list(map(_shown, page)), "next_cursor": cursor}
        if cursor:
            resp.append_header("Link", link_header(PATH, req.params, cursor))

    on_head = on_get


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
