"""Table of clicks that a replay reads and replaces rows in."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from app.audit.stored_clicks import sent_table
from app.audit.writer import write_ledger
from app.clicks.rows import Rows
from app.explain.stored_rows import COLUMNS, as_rows, as_written, read_shard
from app.stores.clickhouse.connection import insert_settings
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import ClickHouseConnection
from workers.clickhouse.writer import insert_rows
from workers.replay.rows import COMPARED, pick

_SELECT = f"SELECT {COLUMNS}"
_SELECT_KEYS = (
    "SELECT short_code, toUnixTimestamp64Milli(time), click_id, toUnixTimestamp64Milli(enriched_at)"
)
_IN_RANGE = (
    "time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')"
    " AND time < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')"
)
#: The first two lines let ClickHouse find the row by its primary key.
_BEHIND = """
    AND (short_code > {short_code:String} OR short_code = {short_code:String}
        AND time >= fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC'))
    AND (short_code, time, click_id) > ({short_code:String},
        fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC'),
        CAST(unhex({click_id:String}) AS FixedString(16)))
"""
#: Of a click's row what its entry doesn't tell.
_BESIDE_ENTRY = ("click_id", "visitor_id", *COMPARED, "geo_version", "enriched_at")
#: Times and ids are of the key, alike in all rows of a click: they may be looked at before FINAL.
_OF_CLICKS = (
    f"SELECT {', '.join(map(as_written, _BESIDE_ENTRY))}"  # noqa: S608
    " FROM {table:Identifier} FINAL"
    " PREWHERE time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')"
    " AND time <= fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')"
    " AND click_id IN (SELECT click_id FROM wanted)"
)

#: What a row is sorted by.
_KEY = itemgetter(*map(Rows._fields.index, ("short_code", "time", "click_id")))


class Cursor(NamedTuple):
    """A row's key, behind which the next page begins."""

    short_code: bytes
    time_ms: int
    click_id: bytes


class Keys(NamedTuple):
    """Rows' keys and when those were made, by column, as :class:`Rows` has them."""

    short_code: list[bytes]
    time: list[int]
    click_id: list[bytes]
    enriched_at: list[int]


class StoredClicks:
    """The table of clicks, on however many shards.

    Every method raises ClickHouseUnavailable (try again) or ClickHouseRefused.

    Args:
        url: as :func:`app.stores.clickhouse.connection.connect` reads it.
        timeout_seconds: longest wait for an answer.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._connection = ClickHouseConnection(url, timeout_seconds)

    def months(self, since_ms: int, until_ms: int) -> dict[int, int]:
        """Return the partitions (YYYYMM) that hold rows of a time, and about how many."""
        query = (
            f"SELECT toYYYYMM(time) AS month, count() FROM {{table:Identifier}} WHERE {_IN_RANGE}"  # noqa: S608
            " GROUP BY month ORDER BY month"
        )
        found = Counter[int]()
        for month, count in self._read(query, {"since_ms": since_ms, "until_ms": until_ms}):
            found[month] += count
        return dict(found)

    def page(
        self, month: int, since_ms: int, until_ms: int, after: Cursor | None, count: int
    ) -> Rows:
        """Return the next rows of a partition, in the order of the table."""
        return as_rows(self._page(_SELECT, _KEY, month, since_ms, until_ms, after, count))

    def keys(
        self, month: int, since_ms: int, until_ms: int, after: Cursor | None, count: int
    ) -> Keys:
        """Return those of the next rows, as :meth:`page`, which take a fraction of the reading."""
        key = itemgetter(0, 1, 2)
        found = self._page(_SELECT_KEYS, key, month, since_ms, until_ms, after, count)
        return Keys(*map(list, zip(*found, strict=True))) if found else Keys([], [], [], [])

    def _page(
        self,
        select: str,
        key: Callable[[tuple[Any, ...]], Any],
        month: int,
        since_ms: int,
        until_ms: int,
        after: Cursor | None,
        count: int,
    ) -> list[tuple[Any, ...]]:
        bounds: dict[str, object] = {"since_ms": since_ms, "until_ms": until_ms, "month": month}
        condition = f"{_IN_RANGE} AND toYYYYMM(time) = {{month:UInt32}}"
        if after is not None:
            bounds |= {
                "short_code": after.short_code.decode(),
                "time_ms": after.time_ms,
                "click_id": after.click_id.hex(),
            }
            condition += _BEHIND
        query = (
            f"{select} FROM {{table:Identifier}} FINAL WHERE {condition}"
            " ORDER BY short_code, time, click_id LIMIT {count:UInt64}"
        )
        found = self._read(query, {**bounds, "count": count})
        # Each shard has given as many: those that come first are among them.
        return sorted(found, key=key)[:count]

    def of_clicks(self, rows: Rows) -> Rows:
        """Return the stored rows of the same clicks in the same order, as far as there are any.

        What the producer fixed is not read, but taken from the rows that are given.
        """
        bounds = {"since_ms": min(rows.time), "until_ms": max(rows.time)}
        wanted = sent_table("wanted", {"click_id": "FixedString(16)"}, zip(rows.click_id))
        positions = {click_id: position for position, click_id in enumerate(rows.click_id)}
        found = self._read(_OF_CLICKS, bounds, [wanted])
        found.sort(key=lambda row: positions[row[0]])
        columns = zip(*found, strict=True) if found else ((),) * len(_BESIDE_ENTRY)
        stored = dict(zip(_BESIDE_ENTRY, columns, strict=True))
        return pick(rows, map(positions.__getitem__, stored["click_id"]))._replace(**stored)

    def replace(self, rows: Rows) -> None:
        """Add newer rows of clicks that are stored."""
        if rows.click_id:
            self._connection.ask(lambda client: _insert(client, rows))

    def restore(self, rows: Rows) -> None:
        """Add rows of clicks that are not stored, and that the ledger should name."""
        if rows.click_id:
            self._connection.ask(lambda client: write_ledger(client, rows.click_id, rows.time))
            self.replace(rows)

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        self._connection.close()

    def _read(
        self, query: str, bounds: Mapping[str, object], tables: list[Any] | None = None
    ) -> list[tuple[Any, ...]]:
        found = self._connection.ask_each(lambda shard: read_shard(shard, query, bounds, tables))
        return list(chain.from_iterable(found))


def cursor_of(rows: Rows | Keys) -> Cursor:
    """Return the cursor behind the last of some rows."""
    return Cursor(rows.short_code[-1], rows.time[-1], rows.click_id[-1])


def _insert(client: Client, rows: Rows) -> None:
    settings = {**insert_settings(client, len(rows.click_id)), "strings_as_bytes": True}
    insert_rows(client, rows, settings)
