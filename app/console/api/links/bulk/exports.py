"""Endpoint that exports links as a file: /api/v1/links/-/export."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from typing import ClassVar

import falcon

from app.console.api.links.bulk.reply import NDJSON, Reply, choose
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.bulk.upload import limit_silence
from app.console.api.links.operations import LINKS
from app.console.api.links.paging import read_question, single
from app.console.api.links.showing import LINKS_PATH, Showing
from app.console.api.operation import JsonObject, Operation, Operations, Parameter
from app.console.api.rights import Rights, caller_of
from app.links.files.export import Format, lines_of
from app.links.index.finder import Finder
from app.links.index.question import Question
from app.links.link import Link
from app.links.store import LinkStore

EXPORT_PATH = f"{LINKS_PATH}/-/export"
_FORMATS = ("csv", "ndjson")
_CHOICES = {"format": _FORMATS}
#: Parameters that say which links are exported, and in which order, as of the list.
CRITERIA = ("tag", "tag_all", "tag_none", "state", "q", "sort", "order")

EXPORT: Operations = {
    "GET": Operation(
        parameters=(
            Parameter(
                "format", "query", "Of the file.", {"enum": list(_FORMATS), "default": "csv"}
            ),
            *(each for each in LINKS["GET"].parameters if each.name in CRITERIA),
        ),
        answers={200: JsonObject},
        answer_types=("text/csv", NDJSON),
        problems=("invalid-parameter", "index-not-ready"),
    )
}


class Export(Showing):
    """Exports links.

    Args:
        turns: that imports and exports take.
        finder: of the links that are asked for.
    """

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def __init__(self, links: LinkStore, link_base: str, turns: Turns, finder: Finder) -> None:
        super().__init__(links, link_base)
        self._turns = turns
        self._finder = finder

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Export links, by default all that are not deleted, newest first, as an import reads."""
        form, question = self._answer_as(req, resp)
        limit_silence(req)
        with ExitStack() as stack:
            stack.enter_context(self._turns.turn())
            links = self._finder.all(question, self.clock()) if question else self._every(req)
            lines = lines_of(links, form)
            # Redis is asked before the answer begins: it may have to be another one.
            begun = chain(list(islice(lines, 2)), lines)
            resp.stream = Reply((line.encode() for line in begun), stack.pop_all())

    def on_head(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what GET would, without the links."""
        self._answer_as(req, resp)

    def _every(self, req: falcon.Request) -> Iterator[Link]:
        caller = caller_of(req)
        # One tag has a list of its own.
        links = self.links.links.scan(tag=caller.tags[0] if len(caller.tags) == 1 else None)
        return (link for link in links if caller.sees(link.tags))

    def _answer_as(
        self, req: falcon.Request, resp: falcon.Response
    ) -> tuple[Format, Question | None]:
        """Return the form of the file, and what is looked for; None for every link."""
        given = single(req.params, ("format", *CRITERIA))
        form = choose({name: given.pop(name) for name in ("format",) if name in given}, _CHOICES)
        resp.content_type = (
            NDJSON if form["format"] == "ndjson" else "text/csv; charset=utf-8; header=present"
        )
        resp.downloadable_as = f"links.{form['format']}"
        question = read_question(given, caller_of(req).tags) if any(given.values()) else None
        return "jsonl" if form["format"] == "ndjson" else "csv", question
