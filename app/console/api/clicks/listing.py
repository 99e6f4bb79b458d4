"""Endpoint that lists clicks, the newest first or as they were stored: GET /api/v1/clicks."""

import base64
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, cast

import falcon
import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.console.api.clicks.question import PARAMETERS, Asked, Question, address, require_links
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import Rights
from app.exports.clicks import COLUMNS, Row
from app.exports.pages import ORDERS, ClickPage, ClickPages, Order, Place
from app.links.store import LinkStore
from app.stores.clickhouse.shards import ClickHouseConnection
from app.times import rfc3339

PATH = "/api/v1/clicks"
_FURTHER = ("order", "limit", "cursor")
_DEFAULT_LIMIT, _MOST = 100, 1_000
_CLICK_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
#: Unix milliseconds of the year 10000.
_END_OF_TIME_MS = 253_402_300_800_000

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class ClickView(BaseModel):
    """A click as it is stored; further columns are those of an export."""

    model_config = ConfigDict(extra="allow")

    time: Moment
    click_id: str
    short_code: str
    target: str
    is_bot: bool
    verdict: str
    reasons: str
    ip: Annotated[str, Field(description="As much of it as is stored: its network by default.")]
    rules_version: str
    data_version: str
    enriched_at: Annotated[Moment, Field(description="When this row was made.")]


class ClickList(BaseModel):
    """A part of a list of clicks."""

    model_config = ConfigDict(extra="forbid")

    data: list[ClickView]
    next_cursor: Annotated[
        str | None,
        Field(
            description="What to ask for next as cursor; null at the end. With order=stored there"
            " always is one."
        ),
    ]


CLICKS: Operations = {
    "GET": Operation(
        parameters=(
            *PARAMETERS,
            Parameter(
                "order",
                "query",
                "The newest clicks first, or the rows that were made first.",
                {"enum": list(ORDERS), "default": ORDERS[0]},
            ),
            Parameter(
                "limit",
                "query",
                "Most clicks of a page.",
                {"type": "integer", "minimum": 1, "maximum": _MOST, "default": _DEFAULT_LIMIT},
            ),
            Parameter("cursor", "query", "next_cursor of the page before."),
        ),
        answers={200: ClickList},
        headers={"Link": 'The next page, rel="next", if there is one.'},
        problems=("invalid-parameter", "link-not-found", "out-of-scope"),
    )
}


class Clicks:
    """Lists clicks by pages.

    Args:
        connection: makes a connection to ClickHouse.
        limiter: of questions to ClickHouse.
        settled_ms: returns the moment before which all rows are stored.
    """

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def __init__(
        self,
        links: LinkStore,
        connection: Callable[[], ClickHouseConnection],
        limiter: ReportLimiter,
        settled_ms: Callable[[], int],
    ) -> None:
        self._links = links
        self._connection = connection
        self._limiter = limiter
        self._settled_ms = settled_ms

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List clicks, each once and as it was enriched last."""
        asked = Asked(req, _FURTHER)
        order = cast("Order", asked.chosen("order", ORDERS))
        limit = asked.number("limit", _DEFAULT_LIMIT, _MOST)
        cursor = asked.own("cursor")
        digest = _digest([order, *asked.identity])
        after = None
        if cursor is not None:
            try:
                after = read_place(cursor, digest)
            except ValueError as error:
                asked.blame("cursor", str(error))
        question = asked.question(self._links)
        page = self._limiter.answer(
            req,
            (PATH, order, limit, after, question.query, question.tagged),
            lambda: self._page(question, order, limit, after),
        )
        if not page.rows and after is None:
            require_links(question, self._links)
        found = write_place(page.after, digest) if page.after else None
        resp.media = {"data": [to_json(row) for row in page.rows], "next_cursor": found}
        if found:
            own = {"order": [str(order)], "limit": [str(limit)], "cursor": [found]}
            resp.append_link(address(PATH, {**asked.texts, **own}), "next")

    on_head = on_get

    def _page(self, question: Question, order: Order, limit: int, after: Place | None) -> ClickPage:
        with closing(self._connection()) as connection:
            pages = ClickPages(connection, *question)
            if order == "newest":
                return pages.newest(limit, after)
            # Before ClickHouse is asked: what is settled by then is there.
            settled_ms = self._settled_ms()
            return pages.stored(limit, settled_ms, after)


def to_json(row: Row) -> dict[str, Any]:
    """Return a row of a page as JSON holds it, with the names of an export."""
    *values, enriched_ms = row
    named = dict(zip(COLUMNS, values, strict=True))
    return {
        **named,
        "time": rfc3339(named["time"]),
        "is_bot": bool(named["is_bot"]),
        "enriched_at": rfc3339(enriched_ms),
    }


def write_place(place: Place, digest: str) -> str:
    """Return the text that leads to what is behind a place, for the same question."""
    return base64.urlsafe_b64encode(orjson.dumps([digest, *place])).rstrip(b"=").decode()


def read_place(text: str, digest: str) -> Place:
    """Return the place that a text leads to.

    Raises:
        ValueError: it is none, or that of another question.
    """
    try:
        held = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        found, at_ms, click_id, code = held
        # To JSON true is no number; to Python it is one.
        is_time = type(at_ms) is int and 0 <= at_ms < _END_OF_TIME_MS
        is_place = is_time and isinstance(code, str) and _CLICK_ID.fullmatch(click_id)
    except (ValueError, TypeError):
        is_place = None
    if not is_place:
        raise ValueError("is none: send next_cursor as it came")
    if found != digest:
        raise ValueError("belongs to a query with other parameters")
    return Place(at_ms, click_id, code)


def _digest(asked: Sequence[object]) -> str:
    return blake2b(orjson.dumps(asked), digest_size=6).hexdigest()
