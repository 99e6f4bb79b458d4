"""Endpoint that exports clicks as a file: GET /api/v1/clicks/export."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import chain, islice
from typing import ClassVar

import falcon

from app.console.api.clicks.question import PARAMETERS, Asked, Question, naming_parameters
from app.console.api.links.bulk.reply import NDJSON, Reply
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.bulk.upload import limit_silence
from app.console.api.operation import JsonObject, Operation, Operations, Parameter
from app.console.api.rights import Rights
from app.exports.clicks import ClickExport, Cursor, read_cursor
from app.exports.parquet import Parquet
from app.exports.part import Form, pieces
from app.exports.text import csv_form, ndjson_form
from app.links.store import LinkStore
from app.reports.query import BadQuery, utc
from app.stores.clickhouse.shards import ClickHouseConnection

PATH = "/api/v1/clicks/export"
_FORMATS: dict[str, tuple[Callable[[], Form], str]] = {
    "csv": (csv_form, "text/csv"),
    "ndjson": (ndjson_form, NDJSON),
    "parquet": (Parquet, "application/vnd.apache.parquet"),
}
_FURTHER = ("format", "cursor")

EXPORT: Operations = {
    "GET": Operation(
        parameters=(
            *PARAMETERS,
            Parameter(
                "format", "query", "Of the file.", {"enum": list(_FORMATS), "default": "csv"}
            ),
            Parameter(
                "cursor",
                "query",
                "Begin behind the last whole row of an export that broke off: its time in Unix"
                " milliseconds, click_id and short_code, with - between.",
            ),
        ),
        answers={200: JsonObject},
        answer_types=[media_type for _, media_type in _FORMATS.values()],
        headers={"Hopline-Until": "Up to when clicks are in it: until, to go on by cursor."},
        problems=("invalid-parameter", "link-not-found", "out-of-scope"),
    )
}


class ClickFile:
    """Exports clicks.

    Args:
        connection: makes a connection to ClickHouse.
        url: where it connects to, for error texts.
        turns: that imports and exports take.
    """

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def __init__(
        self,
        links: LinkStore,
        connection: Callable[[], ClickHouseConnection],
        url: str,
        turns: Turns,
    ) -> None:
        self._links = links
        self._connection = connection
        self._url = url
        self._turns = turns

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Export clicks as CSV, JSON lines or Parquet, by month, link and time."""
        form, question, after = self._answer_as(req, resp)
        limit_silence(req)
        with ExitStack() as stack:
            stack.enter_context(self._turns.turn())
            connection = stack.enter_context(closing(self._connection()))
            clicks = ClickExport(connection, self._url, *question)
            found = (data for data, _ in pieces(form, clicks.blocks(after), is_first=after is None))
            # ClickHouse is asked before the answer begins: it may have to be another one.
            begun = chain(list(islice(found, 2)), found)
            resp.stream = Reply(begun, stack.pop_all())

    def on_head(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what GET would, without the clicks."""
        self._answer_as(req, resp)

    def _answer_as(
        self, req: falcon.Request, resp: falcon.Response
    ) -> tuple[Form, Question, Cursor | None]:
        asked = Asked(req, _FURTHER)
        chosen = asked.chosen("format", list(_FORMATS))
        after = _place(asked)
        question = _bounded(asked, asked.question(self._links))
        make_form, media_type = _FORMATS[chosen]
        head = "; charset=utf-8" if chosen == "csv" else ""
        if head:
            head += f"; header={'absent' if after else 'present'}"
        resp.content_type = f"{media_type}{head}"
        resp.downloadable_as = f"clicks.{chosen}"
        if question.period.until:
            resp.set_header("Hopline-Until", utc(question.period.until))
        return make_form(), question, after


def _place(asked: Asked) -> Cursor | None:
    text = asked.own("cursor")
    if text is None:
        return None
    try:
        return read_cursor(text)
    except BadQuery as error:
        asked.blame("cursor", str(error))
        return None


def _bounded(asked: Asked, question: Question) -> Question:
    """Return a question with the end that it has now, so that an export can go on later."""
    period = question.period
    until = min(period.until or asked.now, asked.now)
    with naming_parameters():
        if period.since is not None and period.since >= until:
            raise BadQuery("since", "there is nothing yet")
    return question._replace(period=replace(period, until=until))
