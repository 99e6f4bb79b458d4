"""Export that reads clicks from ClickHouse, in the order of the table, and can go on behind any.

Rule: rows come from one streamed query for each month and shard, whose sorted parts ClickHouse only
      merges, as we do with shards: neither side ever holds more than some blocks.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from app.reports.conditions import Parameters, Statement, clause, matching, scope, within
from app.reports.period import Period
from app.reports.query import BadQuery, Query
from app.stores.clickhouse.connection import translated
from app.stores.clickhouse.shards import ClickHouseConnection, Shard
from app.stores.scripts import query as text_of
from app.times import EPOCH, unix_ms

#: Rows of a block.
BLOCK_ROWS = 8_192
#: Columns in their order, the key first, and how each is asked for: texts, but for the time and
#: whether it's a bot.
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
    "source": "source",
    "channel": "channel",
    "referrer_domain": "referrer_domain",
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "utm_campaign",
    "utm_term": "utm_term",
    "utm_content": "utm_content",
    "click_ids": "click_ids",
    "region": "region",
    "city": "city",
    "asn": "asn",
    "second_country": "second_country",
    "verdict": "verdict",
    "reasons": "reasons",
    "rules_version": "rules_version",
    "data_version": "data_version",
    "browser_version": "browser_version",
    "os_version": "os_version",
    "client_hints": "client_hints",
}
_CURSOR = re.compile(r"(.{1,40}?)-([0-9a-f]{32})-(.*)", re.ASCII | re.DOTALL)
_DIGITS = re.compile(r"\d{1,15}", re.ASCII)

_SETTINGS = {
    # A stream lasts for as long as somebody reads, whatever the user's profile says of queries.
    "max_execution_time": 0,
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
    """Return the cursor that an export named, or that is put together from a row as it wrote it.

    Raises:
        BadQuery: it is none.
    """
    found = _CURSOR.fullmatch(text)
    time_ms = _time_ms(found[1]) if found else None
    if found is None or time_ms is None:
        raise BadQuery("after", f"{text!r} is no place in an export")
    return Cursor(time_ms, found[2], found[3])


def _time_ms(text: str) -> int | None:
    if _DIGITS.fullmatch(text):
        return int(text)
    try:
        time = datetime.fromisoformat(text)
        return unix_ms(time) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def cursor_of(row: Row) -> Cursor:
    """Return the place of an export's row."""
    code, time_ms, click_id = _key(row)
    return Cursor(time_ms, click_id, code)


class ClickExport:
    """The clicks that a query asks for, each once, with its newest enrichment.

    Every method raises ClickHouseUnavailable (try again) or ClickHouseRefused.

    Args:
        connection: to the server, or to each shard.
        url: where it connects to, for error texts.
        query: of which scope and filter count.
        period: which clicks.
        tagged: codes of the links that carry the query's tag.
    """

    def __init__(
        self,
        connection: ClickHouseConnection,
        url: str,
        query: Query,
        period: Period,
        tagged: Sequence[str] = (),
    ) -> None:
        self._connection = connection
        self._url = url
        self._codes = tagged if query.tag else (query.codes or None)
        self._filter = query.filter
        self._period = period

    def months(self) -> Counter[int]:
        """Return the months (YYYYMM) with clicks in them, and about how many."""
        parameters = Parameters()
        prewhere = clause("PREWHERE", *self._key_conditions(parameters))

        def count(shard: Shard) -> Counter[int]:
            shard.catch_up("clicks")
            table = shard.table("clicks")
            text = text_of("app.exports", "months", table=table, prewhere=prewhere)
            return Counter(dict(shard.client.execute(text, parameters.values)))

        return sum(self._connection.ask_each(count), Counter())

    def blocks(self, after: Cursor | None = None) -> Iterator[list[Row]]:
        """Yield the clicks behind a place, by month, link and time."""
        for month in sorted(self.months()):
            if after is None or month >= month_of(after):
                is_within = after is not None and month == month_of(after)
                rows = self._rows(month, after if is_within else None)
                while block := list(islice(rows, BLOCK_ROWS)):
                    yield block

    def _rows(self, month: int, after: Cursor | None) -> Iterator[Row]:
        """Yield a month's rows, those of several shards in one order."""
        shards = self._connection.ask_each(lambda shard: shard)
        streams = [self._stream(shard, month, after) for shard in shards]
        return streams[0] if len(streams) == 1 else merge(*streams, key=_key)

    def _stream(self, shard: Shard, month: int, after: Cursor | None) -> Iterator[Row]:
        statement = self._of_month(shard.table("clicks"), month, after)
        with translated(self._url):
            yield from shard.client.execute_iter(
                statement.text, statement.parameters, settings=_SETTINGS
            )

    def _of_month(self, table: str, month: int, after: Cursor | None) -> Statement:
        parameters = Parameters()
        prewhere = clause(
            "PREWHERE",
            f"toYYYYMM(time) = {parameters.place(month, 'UInt32')}",
            *self._key_conditions(parameters),
            _behind(parameters, after) if after else "",
        )
        where = clause("WHERE", matching(parameters, self._filter) if self._filter else "")
        columns = ", ".join(COLUMNS.values())
        text = text_of(
            "app.exports", "clicks", columns=columns, table=table, prewhere=prewhere, where=where
        )
        return Statement(text, parameters.values)

    def _key_conditions(self, parameters: Parameters) -> tuple[str, str]:
        return scope(parameters, self._codes), within(parameters, self._period)


def _key(row: Row) -> tuple[str, int, str]:
    """Return a row's key, in which texts are in the order that ClickHouse has for their bytes."""
    time_ms, click_id, code, *_ = row
    return code, time_ms, click_id


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
