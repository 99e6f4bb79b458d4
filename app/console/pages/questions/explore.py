"""Page that crosses any two dimensions of clicks, and gives the question away in every form."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import falcon

from app.console.pages.questions.page import QuestionPage
from app.console.pages.reports.cards import Plan
from app.console.pages.reports.desk import ReportDesk, Told
from app.console.pages.reports.filtering import CHOICES, toggled
from app.console.pages.reports.panels import Asked
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.console.pages.site.words import DIMENSION_NAMES, value_name
from app.reports.answer import Breakdown, Share
from app.reports.filters import Condition, Dimension, join
from app.reports.query import BadQuery, Order, Query, read_name
from app.reports.spellings import to_command, to_url
from app.stores.clickhouse.connection import ClickHouseError
from app.terminal.formulas import neutralised

PATH = "/explore"
#: What cells may count, and what people call it.
COUNTED: Mapping[Order, str] = {
    "humans": "Clicks of people",
    "visitors": "Visitors",
    "bots": "Clicks of bots",
    "clicks": "All clicks",
}
LIMITS = (10, 25, 50, 100)
#: Values of the second dimension that have a column.
_COLUMNS = 5
_ROWS = Plan("rows", "", CHOICES)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: its value, its total, and a cell for each column.

    Attributes:
        part: of the longest row, from 0 to 1, for its bar.
        rest: what is in none of the columns; None where that can't be said, as a visitor may be in
            several.
    """

    name: str
    href: Address
    is_on: bool
    total: int
    share: float
    part: float
    cells: tuple[int, ...] = ()
    rest: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A breakdown, perhaps crossed with another."""

    heading: str
    counted: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    others: int

    @property
    def has_rest(self) -> bool:
        """Whether a column holds what is in none of the others."""
        return bool(self.columns) and any(line.rest is not None for line in self.lines)


class ExplorePage(QuestionPage):
    """Answers questions that nobody has made a page for."""

    path: ClassVar[str] = PATH
    template: ClassVar[str] = "explore.html"

    def __init__(self, site: Site, desk: ReportDesk, console_url: str = "") -> None:
        super().__init__(site, desk)
        self._console_url = console_url

    def plans(self, address: Address) -> Sequence[Plan]:
        """Return one card a dimension."""
        columns = _columns(address)
        return (_ROWS, Plan("columns", "", (columns,))) if columns else (_ROWS,)

    def query(self, address: Address, query: Query) -> Query:
        """Return what is counted, and how many rows are shown."""
        counted = read_name("count", address.first("count", "humans"), tuple(COUNTED))
        return replace(query, order=counted, limit=_limit(address))

    def own(
        self, req: falcon.Request, address: Address, asked: Asked, told: Told
    ) -> Mapping[str, Any]:
        """Return the table, and the question in every form."""
        query = asked.query
        return {
            "table": self._table(req, address, query, told),
            "rows_by": _ROWS.chosen(address),
            "columns_by": _columns(address),
            "count": query.order,
            "limit": query.limit,
            "counts": COUNTED,
            "limits": LIMITS,
            "spellings": self._spellings(req, query),
            "csv": address.with_(download="csv"),
            "json": address.with_(download="json"),
            # The interface's reports cross nothing.
            **({"as_json": address.with_(download="json")} if _columns(address) else {}),
        }

    def is_answered(self, address: Address, resp: falcon.Response, own: Mapping[str, Any]) -> bool:
        """Answer with the table as CSV (RFC 4180) or JSON where that is asked for."""
        table: Table | None = own["table"]
        form = address.first("download")
        if form not in ("csv", "json") or table is None:
            return False
        if form == "csv":
            resp.text = as_csv(table)
            resp.content_type = "text/csv; charset=utf-8; header=present"
        else:
            resp.media = as_json(table)
        resp.downloadable_as = f"hopline.{form}"
        return True

    def _table(
        self, req: falcon.Request, address: Address, query: Query, told: Told
    ) -> Table | None:
        if told.answer is None:
            return None
        breakdowns = {each.by: each for each in told.answer.breakdowns}
        rows_by, columns_by = _ROWS.chosen(address), _columns(address)
        rows = breakdowns[rows_by]
        found: list[tuple[str, Breakdown]] = []
        if columns_by:
            for column in breakdowns[columns_by].top[:_COLUMNS]:
                crossed = self._crossed(req, query, rows, columns_by, column.name)
                if crossed is None:
                    return None
                found.append((value_name(column.name, columns_by), crossed))
        return table_of(address, rows, query, found)

    def _crossed(
        self,
        req: falcon.Request,
        query: Query,
        rows: Breakdown,
        columns_by: Dimension,
        column: str,
    ) -> Breakdown | None:
        """Return the rows' figures within one column, None where ClickHouse doesn't tell."""
        within = [
            Condition(columns_by, "=", (column,)),
            Condition(rows.by, "=", tuple(share.name for share in rows.top)),
        ]
        asked = replace(
            query,
            filter=join([*([query.filter] if query.filter else []), *within]),
            by=(rows.by,),
            compare=None,
        )
        answer = self._desk.ask(req, asked, self._site.now()).answer
        return answer.breakdowns[0] if answer else None

    def _spellings(self, req: falcon.Request, query: Query) -> list[tuple[str, str]]:
        """Return the question in the forms in which it can be asked elsewhere."""
        url = f"{self._console_url or req.prefix}{to_url(query)}"
        found = [
            ("URL", url),
            ("curl", f"curl -H \"Authorization: Bearer $HOPLINE_KEY\" '{url}'"),
            ("hopline", to_command(query)),
        ]
        try:
            found.append(("SQL", self._desk.sql(req, query, self._site.now())))
        except ClickHouseError:
            # Which tables there are is ClickHouse's to say; the page tells that it is away.
            return found
        return found


def table_of(
    address: Address, rows: Breakdown, query: Query, columns: Sequence[tuple[str, Breakdown]]
) -> Table:
    """Return the table of a breakdown, crossed with the same within each column.

    Args:
        columns: each with its name.
    """
    is_visitors = query.order == "visitors"
    cells = [{share.name: _figure(share, query) for share in each.top} for _, each in columns]
    whole = sum(_figure(share, query) for share in rows.top) + (0 if is_visitors else rows.others)
    longest = max((_figure(share, query) for share in rows.top), default=0)
    lines = []
    for share in rows.top:
        total = _figure(share, query)
        mine = tuple(each.get(share.name, 0) for each in cells)
        href, is_on = toggled(address.with_(download=None), rows.by, share.name)
        lines.append(
            Line(
                value_name(share.name, rows.by),
                href,
                is_on,
                total,
                total / whole if whole else 0.0,
                total / longest if longest else 0.0,
                mine,
                None if is_visitors or not columns else max(0, total - sum(mine)),
            )
        )
    return Table(
        DIMENSION_NAMES[rows.by],
        COUNTED[query.order],
        tuple(name for name, _ in columns),
        tuple(lines),
        0 if is_visitors else rows.others,
    )


def as_csv(table: Table) -> str:
    """Return a table as comma-separated values, in which no text is a formula."""
    written = io.StringIO()
    lines = csv.writer(written)
    rest = ("others",) if table.has_rest else ()
    lines.writerow(map(neutralised, (table.heading, table.counted, *table.columns, *rest)))
    for line in table.lines:
        kept = (line.rest,) if table.has_rest else ()
        lines.writerow((neutralised(line.name), line.total, *line.cells, *kept))
    return written.getvalue()


def as_json(table: Table) -> dict[str, Any]:
    """Return a table as JSON: its rows as on the page, each with a cell for each column."""
    return {
        "rows": table.heading,
        "counted": table.counted,
        "columns": table.columns,
        "table": [
            {"name": line.name, "total": line.total, "cells": line.cells}
            | ({"others": line.rest} if table.has_rest else {})
            for line in table.lines
        ],
        "others": table.others,
    }


def _figure(share: Share, query: Query) -> int:
    return share.visitors if query.order == "visitors" else share.clicks


def _columns(address: Address) -> Dimension | None:
    text = address.first("columns")
    if not text:
        return None
    columns = read_name("columns", text, CHOICES)
    if columns == _ROWS.chosen(address):
        raise BadQuery("columns", "choose another dimension than that of the rows")
    return columns


def _limit(address: Address) -> int:
    text = address.first("limit", str(LIMITS[0]))
    for limit in LIMITS:
        if text == str(limit):
            return limit
    raise BadQuery("limit", f"{text!r} is none of {', '.join(map(str, LIMITS))}")
