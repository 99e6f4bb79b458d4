"""Rows of the table of clicks, read as they are written: without converting what they hold."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from app.clicks.rows import Rows
from app.stores.clickhouse.shards import ClickHouseConnection, Shard

#: Columns that clickhouse-driver would read as other types than it writes without converting.
_AS_WRITTEN = {
    "time": "toUnixTimestamp64Milli(time)",
    "enriched_at": "toUnixTimestamp64Milli(enriched_at)",
    "ip": "IPv6StringToNum(toString(ip))",
}
_READ_SETTINGS = {
    "strings_as_bytes": True,
    # A server may be set to filter before FINAL, which would bring back older rows.
    "optimize_move_to_prewhere_if_final": 0,
    "do_not_merge_across_partitions_select_final": 1,
}
_ENRICHED_AT = itemgetter(Rows._fields.index("enriched_at"))
#: Most rows of one click that are told.
_VERSIONS = 20


def as_written(column: str) -> str:
    """Return the SQL that reads a column as it is written."""
    return _AS_WRITTEN.get(column, column)


#: All columns of :class:`app.clicks.rows.Rows`.
COLUMNS = ", ".join(map(as_written, Rows._fields))


class StoredRows:
    """Rows of single clicks, on however many shards."""

    def __init__(self, connection: ClickHouseConnection) -> None:
        self._connection = connection

    def of_click(self, click_id: bytes, time_ms: int | None) -> Rows:
        """Return the rows of one click, as often as it is stored, the newest first.

        Args:
            time_ms: when it happened, as its id says; its row may be of another time.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the servers say.
        """
        of_time = "time = fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC') AND "
        for condition in ("",) if time_ms is None else (of_time, ""):
            query = (
                f"SELECT {COLUMNS} FROM {{table:Identifier}} PREWHERE {condition}"  # noqa: S608
                "click_id = CAST(unhex({click_id:String}) AS FixedString(16))"
                " ORDER BY enriched_at DESC LIMIT {most:UInt8}"
            )
            bounds = {"time_ms": time_ms or 0, "click_id": click_id.hex(), "most": _VERSIONS}
            if found := self._read(query, bounds):
                return as_rows(sorted(found, key=_ENRICHED_AT, reverse=True))
        return as_rows([])

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        self._connection.close()

    def _read(self, query: str, bounds: Mapping[str, object]) -> list[tuple[Any, ...]]:
        found = self._connection.ask_each(lambda shard: read_shard(shard, query, bounds))
        return [row for rows in found for row in rows]


def read_shard(
    shard: Shard, query: str, bounds: Mapping[str, object], tables: list[Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return what a query finds on a shard, all that was confirmed.

    Args:
        query: of ``{table:Identifier}``, the clicks.
        tables: that travel with it.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    # Else a click of which another replica has the row would be restored.
    shard.catch_up("clicks")
    params = {"table": shard.table("clicks"), **bounds}
    found: list[tuple[Any, ...]] = shard.client.execute(
        query, params, external_tables=tables, settings=_READ_SETTINGS
    )
    return found


def as_rows(found: list[tuple[Any, ...]]) -> Rows:
    """Return what was found with all columns as rows."""
    return Rows(*zip(*found, strict=True)) if found else Rows(*([] for _ in Rows._fields))
