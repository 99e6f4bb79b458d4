"""Export that reads clicks from ClickHouse, in the order of the table, and can go on behind any.

Rule: blocks of a fixed size come from one streamed query for each month, whose sorted parts
      ClickHouse only merges: neither side ever holds more than some blocks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.reports.conditions import Parameters, Statement, clause, matching, scope, within
from app.reports.period import Period
from app.reports.query import BadQuery, Query
from app.stores.clickhouse.connection import translated
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.replicas import catch_up
from app.stores.scripts import query as text_of
from app.times import EPOCH

#: Rows of a block.
BLOCK_ROWS = 8_192
#: Columns in their order, and how each is asked for: all texts but the time and whether it's a bot.
COLUMNS: dict[str, str] = {
    "time": "toUnixTimestamp64Milli(time)",
    "click_id": "lower(hex(click_id))",
    "short_code": "short_code",
    "target": "target",
    "is_bot": "is_bot",
    "bot": "bot",
    "country": "country",
    "browser": "browser",
    "os": "os",
    "device": "device",
    "language": "language",
    "referrer_host": "referrer_host",
    "referrer": "referrer",
    "user_agent": "user_agent",
    "host": "host",
    "ip": "toString(ip)",
    "visitor_id": "toString(visitor_id)",
    "geo_version": "geo_version",
}
_KEY = ("time", "click_id", "short_code")
_CURSOR = re.compile(r"(\d{1,15})-([0-9a-f]{32})-(.*)", re.ASCII | re.DOTALL)

_SETTINGS = {
    "max_block_size": BLOCK_ROWS,
    "optimize_read_in_order": 1,
    "do_not_merge_across_partitions_select_final": 1,
    "optimize_move_to_prewhere_if_final": 0,
}

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A click's place in the order of an export, behind which it can go on."""

    time_ms: int
    click_id: str
    short_code: str

    def __str__(self) -> str:
        return f"{self.time_ms}-{self.click_id}-{self.short_code}"


def read_cursor(text: str) -> Cursor:
    """Return the cursor that an export named.

    Raises:
        BadQuery: it is none.
    """
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadQuery("after", f"{text!r} is no place in an export")
    return Cursor(int(found[1]), found[2], found[3])


def cursor_of(row: Row) -> Cursor:
    """Return the place of an export's row."""
    return Cursor(*(row[list(COLUMNS).index(name)] for name in _KEY))


class ClickExport:
    """The clicks that a query asks for, each once, with its newest enrichment.

    Every method raises ClickHouseUnavailable (try again) or ClickHouseRefused.

    Args:
        client: with no limit to the time of a query.
        url: where it connects to, for error texts.
        query: of which scope and filter count.
        period: which clicks.
        tagged: codes of the links that carry the query's tag.
    """

    def __init__(
        self, client: Client, url: str, query: Query, period: Period, tagged: Sequence[str] = ()
    ) -> None:
        self._client = client
        self._url = url
        self._codes = tagged if query.tag else (query.codes or None)
        self._filter = query.filter
        self._period = period

    def months(self) -> dict[int, int]:
        """Return the months (YYYYMM) with clicks in them, oldest first, and about how many."""
        parameters = Parameters()
        prewhere = clause("PREWHERE", *self._key_conditions(parameters))
        with translated(self._url):
            catch_up(self._client, "clicks")
            text = text_of("app.exports", "months", prewhere=prewhere)
            return dict(self._client.execute(text, parameters.values))

    def blocks(self, after: Cursor | None = None) -> Iterator[list[Row]]:
        """Yield the clicks behind a place, by month, link and time."""
        for month in self.months():
            if after is None or month > month_of(after):
                yield from self._blocks(self._of_month(month, None))
            elif month == month_of(after):
                yield from self._blocks(self._of_month(month, after))

    def _blocks(self, statement: Statement) -> Iterator[list[Row]]:
        with translated(self._url):
            yield from self._client.execute_iter(
                statement.text, statement.parameters, settings=_SETTINGS, chunk_size=BLOCK_ROWS
            )

    def _of_month(self, month: int, after: Cursor | None) -> Statement:
        parameters = Parameters()
        prewhere = clause(
            "PREWHERE",
            f"toYYYYMM(time) = {parameters.place(month, 'UInt32')}",
            *self._key_conditions(parameters),
            _behind(parameters, after) if after else "",
        )
        where = clause("WHERE", matching(parameters, self._filter) if self._filter else "")
        columns = ", ".join(COLUMNS.values())
        text = text_of("app.exports", "clicks", columns=columns, prewhere=prewhere, where=where)
        return Statement(text, parameters.values)

    def _key_conditions(self, parameters: Parameters) -> tuple[str, str]:
        return scope(parameters, self._codes), within(parameters, self._period)


def _behind(parameters: Parameters, after: Cursor) -> str:
    """Return the condition of the clicks behind one; its first half leads through the index."""
    code = parameters.place(after.short_code, "String")
    time = f"fromUnixTimestamp64Milli({parameters.place(after.time_ms, 'Int64')}, 'UTC')"
    click_id = f"CAST(unhex({parameters.place(after.click_id, 'String')}) AS FixedString(16))"
    place = f"({code}, {time}, {click_id})"
    return f"short_code >= {code} AND (short_code, time, click_id) > {place}"


def month_of(cursor: Cursor) -> int:
    """Return the month (YYYYMM, UTC) of a place."""
    time = EPOCH + timedelta(milliseconds=cursor.time_ms)
    return time.year * 100 + time.month
