"""Endpoint that imports a file of links: /api/v1/links/-/import."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from typing import Any, ClassVar, Literal

import falcon
import orjson
from pydantic import BaseModel, ConfigDict, RootModel

from app.console.api.links.bulk.reply import NDJSON, Reply, choose
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.bulk.upload import limit_silence, received
from app.console.api.links.showing import LINKS_PATH, Showing
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.problem import Problem
from app.console.api.rights import Rights, caller_of
from app.links.files.encoding import UnreadableFile
from app.links.files.rows import read_rows
from app.links.importer import Outcome, Rehearsal, import_links
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.stores.redis.errors import RedisError

IMPORT_PATH = f"{LINKS_PATH}/-/import"
MEDIA_TYPES = (NDJSON, "text/csv", falcon.MEDIA_JSON)
MAX_BYTES = 1 << 30
#: A dry run remembers each new link, for the rows after it.
MAX_DRY_RUN_BYTES = 1 << 24
#: Characters of a JSON array, which is in memory as a whole.
_LONGEST_ARRAY = 1 << 24
_FLAG = ("false", "true")
_CUT_SHORT = (
    "Redis doesn't answer as it should. Send the same again: links with a code that are there stay"
    " as they are; of rows without one, send those behind the last line above."
)

logger = logging.getLogger(__name__)


class ImportFile(RootModel[Any]):
    """Links: an array of objects, or one object a line; a row that is none is refused by itself."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [[{"code": "sale", "target": "https://example.com/"}]]}
    )


class RowOutcome(BaseModel):
    """What became of a row; reason says why it was refused, or in what its link is another."""

    line: int
    outcome: Literal["created", "updated", "unchanged", "refused"]
    code: str | None
    reason: str | None


class ImportEnd(BaseModel):
    """The last line: whether all rows were dealt with, and how many of them became what.

    ``read_as`` tells which columns were taken for which of ours, ``left_out`` which for none.
    """

    complete: bool = False
    dry_run: bool
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    read_as: dict[str, str] = {}
    left_out: list[str] = []
    detail: str | None = None


class ImportLine(RootModel[RowOutcome | ImportEnd]):
    """A line of the answer to an import."""


IMPORT: Operations = {
    "POST": Operation(
        parameters=(
            Parameter("dry_run", "query", "Check all and store nothing.", {"type": "boolean"}),
            Parameter("update", "query", "Change links that are there, too.", {"type": "boolean"}),
        ),
        body=ImportFile,
        media_types=MEDIA_TYPES,
        answers={200: ImportLine},
        answer_types=(NDJSON,),
        problems=(
            *("unreadable-file", "invalid-body", "invalid-parameter", "body-too-large"),
            "unsupported-content-type",
        ),
    )
}


class Import(Showing):
    """Imports links.

    Args:
        turns: that imports and exports take.
    """

    rights: ClassVar[Rights] = {"POST": "links:write"}

    def __init__(self, links: LinkStore, link_base: str, turns: Turns) -> None:
        super().__init__(links, link_base)
        self._turns = turns

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make or change many links, and answer what became of each row, as a stream."""
        chosen = choose(req.params, {"dry_run": _FLAG, "update": _FLAG})
        end = ImportEnd(dry_run=chosen["dry_run"] == "true")
        charset = _charset(req)
        limit_silence(req)
        with ExitStack() as stack:
            stack.enter_context(self._turns.turn())
            file = stack.enter_context(
                received(req, MAX_DRY_RUN_BYTES if end.dry_run else MAX_BYTES)
            )
            rows = read_rows(
                file,
                on_unknown=end.left_out.append,
                on_alias=end.read_as.__setitem__,
                encoding=charset,
                longest_array=_LONGEST_ARRAY,
            )
            store = self.as_caller(req, "http import")
            outcomes = import_links(
                store,
                rows,
                shelf=Rehearsal(store) if end.dry_run else None,
                changes_links=chosen["update"] == "true",
                only=Precondition(tags=caller_of(req).tags),
            )
            lines = _lines(_begun(outcomes), end, req.context.request_id)
            resp.stream = Reply(lines, stack.pop_all())
        resp.content_type = NDJSON


def _charset(req: falcon.Request) -> str:
    """Return the encoding that a file is said to be in, '' for none."""
    given, options = falcon.parse_header(req.content_type or "")
    if given.lower() not in MEDIA_TYPES:
        raise Problem(
            "unsupported-content-type",
            f"Send {' or '.join(MEDIA_TYPES)}, not {given!r}.",
            headers={"Accept-Post": ", ".join(MEDIA_TYPES)},
        )
    return options.get("charset", "")


def _begun(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """Return outcomes of which the first is there, so that what fails at once has its own answer.

    Raises:
        Problem: the file can't be read.
    """
    try:
        return chain(list(islice(outcomes, 1)), outcomes)
    except UnreadableFile as error:
        raise Problem("unreadable-file", f"The file can't be read: {error}.") from None


def _lines(outcomes: Iterator[Outcome], end: ImportEnd, request_id: str) -> Iterator[bytes]:
    counts: Counter[str] = Counter()
    try:
        for outcome in outcomes:
            counts[outcome.kind] += 1
            yield _line(
                {
                    "line": outcome.line,
                    "outcome": outcome.kind,
                    "code": outcome.code or None,
                    "reason": outcome.reason or None,
                }
            )
        end.complete = True
    except RedisError as error:
        logger.warning("Import cut short: %s", error, extra={"request_id": request_id})
        end.detail = _CUT_SHORT
    yield _line({**end.model_dump(), **counts})


def _line(values: dict[str, object]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
