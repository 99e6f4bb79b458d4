"""Endpoint that changes or deletes many links: PATCH and DELETE of /api/v1/links/-/bulk."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain, islice
from typing import Annotated, Any, ClassVar, Literal

import falcon
import orjson
from pydantic import BaseModel, Field, RootModel

from app.console.api.body import read_object
from app.console.api.links.bulk.reply import NDJSON, Reply, choose
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.bulk.upload import limit_silence
from app.console.api.links.models import Body, LinkPatch, require, without_nulls
from app.console.api.links.paging import read_question
from app.console.api.links.showing import LINKS_PATH, Showing
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.problem import Problem
from app.console.api.rights import Rights, caller_of
from app.links.index.finder import CountDiffers, Finder
from app.links.link import Link
from app.links.many import Outcome, bury, change_each
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink
from app.stores.redis.errors import RedisError

BULK_PATH = f"{LINKS_PATH}/-/bulk"
#: Of a body, which has the codes in it.
MAX_BYTES = 1 << 24
_FLAG = ("false", "true")
_FILTERS = ("tag", "tag_all", "tag_none", "state", "q")
_CUT_SHORT = "Redis doesn't answer as it should. Send the same again: what was done stays as it is."

logger = logging.getLogger(__name__)

Codes = Annotated[list[str] | None, Field(description="Codes of the links, or else a filter.")]
Expect = Annotated[
    int | None, Field(description="How many links the filter finds, as whoever sends it has seen.")
]


class BulkFilter(Body):
    """Which links are meant, as the list's parameters say it."""

    tag: str = ""
    tag_all: str = ""
    tag_none: str = ""
    state: str = ""
    q: str = ""


class BulkDeletion(Body):
    """Links that shall be deleted: by their codes, or by a filter and how many it finds."""

    codes: Codes = None
    filter: BulkFilter | None = None
    expect: Expect = None


class BulkChange(BulkDeletion):
    """Links that shall be changed, and what of them (RFC 7396)."""

    set: LinkPatch


class CodeOutcome(BaseModel):
    """What became of a link; reason says why it was refused, or isn't there."""

    code: str
    outcome: Literal["updated", "deleted", "unchanged", "not_found", "refused"]
    reason: str | None


class BulkEnd(BaseModel):
    """The last line: whether all links were dealt with, and how many of them became what."""

    complete: bool = False
    dry_run: bool
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    not_found: int = 0
    refused: int = 0
    detail: str | None = None


class BulkLine(RootModel[CodeOutcome | BulkEnd]):
    """A line of the answer to a change of many links."""


_OPERATION = Operation(
    parameters=(
        Parameter(
            "dry_run", "query", "Say what would be done, and do nothing.", {"type": "boolean"}
        ),
    ),
    answers={200: BulkLine},
    answer_types=(NDJSON,),
    problems=(
        *("count-differs", "invalid-body", "invalid-link", "invalid-parameter", "body-too-large"),
        *("unsupported-content-type", "index-not-ready"),
    ),
)
BULK: Operations = {
    "PATCH": replace(_OPERATION, body=BulkChange),
    "DELETE": replace(_OPERATION, body=BulkDeletion),
}


class Bulk(Showing):
    """Changes or deletes many links.

    Args:
        turns: that what changes many links takes.
        finder: of the links that a filter means.
    """

    rights: ClassVar[Rights] = {"PATCH": "links:write", "DELETE": "links:write"}

    def __init__(self, links: LinkStore, link_base: str, turns: Turns, finder: Finder) -> None:
        super().__init__(links, link_base)
        self._turns = turns
        self._finder = finder

    def on_patch(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Change many links alike, and answer what became of each, as a stream."""
        given = read_object(req, (falcon.MEDIA_JSON,), MAX_BYTES)
        patch = given.get("set")
        if isinstance(patch, dict):
            require(LinkPatch, patch, self.links.check)
        require(BulkChange, given, _nothing)
        if not patch:
            raise InvalidLink("set", "it is missing: say what to change")
        held = self.links.check(without_nulls(patch))
        self._answer(req, resp, given, lambda link: replace(link, **held))

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Delete many links, and answer what became of each, as a stream."""
        given = read_object(req, (falcon.MEDIA_JSON,), MAX_BYTES)
        require(BulkDeletion, given, _nothing)
        self._answer(req, resp, given, bury)

    def _answer(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        given: Mapping[str, Any],
        change: Callable[[Link], Link],
    ) -> None:
        dry_run = choose(req.params, {"dry_run": _FLAG})["dry_run"] == "true"
        only = Precondition(tags=caller_of(req).tags)
        limit_silence(req)
        with ExitStack() as stack:
            stack.enter_context(self._turns.turn())
            codes = self._codes(given, caller_of(req).tags)
            store = self.as_caller(req, "http bulk")
            outcomes = change_each(store, codes, change, only, dry_run=dry_run)
            # Redis is asked before the answer begins.
            begun = chain(list(islice(outcomes, 1)), outcomes)
            lines = _lines(begun, BulkEnd(dry_run=dry_run), req.context.request_id)
            resp.stream = Reply(lines, stack.pop_all())
        resp.content_type = NDJSON

    def _codes(self, given: Mapping[str, Any], tags: tuple[str, ...]) -> list[str]:
        codes, looked_for = given.get("codes"), given.get("filter")
        if (codes is None) == (looked_for is None):
            raise InvalidLink("codes", "give either codes or a filter")
        if looked_for is None:
            return list(codes or ())
        expected = given.get("expect")
        if expected is None:
            raise InvalidLink("expect", "it is missing: say how many links the filter finds")
        filters = {name: text for name, text in looked_for.items() if text}
        if not filters:
            raise InvalidLink("filter", f"it is empty: give one of {', '.join(_FILTERS)}")
        try:
            return self._finder.meant(read_question(filters, tags), expected, self.clock())
        except CountDiffers as error:
            raise Problem("count-differs", str(error)) from None


def _nothing(_: Mapping[str, object]) -> None:
    """Check nothing else."""


def _lines(outcomes: Iterable[Outcome], end: BulkEnd, request_id: str) -> Iterator[bytes]:
    counts: Counter[str] = Counter()
    try:
        for outcome in outcomes:
            counts[outcome.kind] += 1
            yield _line(
                {
                    "code": outcome.code,
                    "outcome": outcome.kind,
                    "reason": outcome.reason or None,
                }
            )
        end.complete = True
    except RedisError as error:
        logger.warning("Bulk cut short: %s", error, extra={"request_id": request_id})
        end.detail = _CUT_SHORT
    yield _line({**end.model_dump(), **counts})


def _line(values: dict[str, object]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
