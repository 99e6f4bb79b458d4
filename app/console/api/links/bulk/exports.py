"""Endpoint that exports links as a file: /api/v1/links/-/export."""

from contextlib import ExitStack
from itertools import chain, islice
from typing import ClassVar

import falcon

from app.console.api.links.bulk.reply import NDJSON, Reply, choose
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.bulk.upload import limit_silence
from app.console.api.links.showing import LINKS_PATH, Showing
from app.console.api.operation import JsonObject, Operation, Operations, Parameter
from app.console.api.rights import Rights, caller_of
from app.links.files.export import Format, lines_of
from app.links.store import LinkStore

EXPORT_PATH = f"{LINKS_PATH}/-/export"
_FORMATS = ("csv", "ndjson")

EXPORT: Operations = {
    "GET": Operation(
        parameters=(
            Parameter(
                "format", "query", "Of the file.", {"enum": list(_FORMATS), "default": "csv"}
            ),
        ),
        answers={200: JsonObject},
        answer_types=("text/csv", NDJSON),
        problems=("invalid-parameter",),
    )
}


class Export(Showing):
    """Exports links.

    Args:
        turns: that imports and exports take.
    """

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def __init__(self, links: LinkStore, link_base: str, turns: Turns) -> None:
        super().__init__(links, link_base)
        self._turns = turns

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Export all links that are not deleted, newest first, as an import reads them."""
        form = self._answer_as(req, resp)
        caller = caller_of(req)
        limit_silence(req)
        with ExitStack() as stack:
            stack.enter_context(self._turns.turn())
            # One tag has a list of its own.
            links = self.links.links.scan(tag=caller.tags[0] if len(caller.tags) == 1 else None)
            lines = lines_of((link for link in links if caller.sees(link.tags)), form)
            # Redis is asked before the answer begins: it may have to be another one.
            begun = chain(list(islice(lines, 2)), lines)
            resp.stream = Reply((line.encode() for line in begun), stack.pop_all())

    def on_head(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what GET would, without the links."""
        self._answer_as(req, resp)

    def _answer_as(self, req: falcon.Request, resp: falcon.Response) -> Format:
        form = choose(req.params, {"format": _FORMATS})["format"]
        resp.content_type = (
            NDJSON if form == "ndjson" else "text/csv; charset=utf-8; header=present"
        )
        resp.downloadable_as = f"links.{form}"
        return "jsonl" if form == "ndjson" else "csv"
