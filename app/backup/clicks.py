"""Clicks out of ClickHouse and back into it, each once, as lines that JSON can hold.

A line holds a row's values in the order of the columns. What JSON has no form for is written by
its column's type: bytes of fixed length in hexadecimal, times as Unix milliseconds, addresses as
text. Of columns that somebody has added, those are in it that a line can hold and a restore write.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from itertools import compress, islice
from operator import add
from typing import Any

from app.audit.stored_clicks import count_stored
from app.audit.writer import write_ledger
from app.schema.migrations import tables
from app.stores.clickhouse.connection import ClickHouseRefused, insert_settings, translated
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import ClickHouseConnection, Shard

#: Rows of one insert, and of one piece that ClickHouse sends.
_ROWS = 20_000
#: How a type's values are asked for; other types as they are.
_READ = {
    "FixedString": "lower(hex({column}))",
    "DateTime64": "toUnixTimestamp64Milli({column})",
    "IPv6": "toString({column})",
}
_PLAIN = re.compile(r"(?:LowCardinality\(|Nullable\()*(?:String|Bool|U?Int(?:8|16|32|64))\)*")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of some lines of a backup.

    Attributes:
        lines: how many there were.
        stored: clicks of theirs that are in the table, as it says afterwards.
        missing: clicks that are not, though they were inserted.
        expired: clicks that are too old to be kept; the table may have forgotten them already.
    """

    lines: int = 0
    stored: int = 0
    missing: int = 0
    expired: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(*map(add, astuple(self), astuple(other)))


class ClickTable:
    """The table ``clicks`` of one database.

    Every method raises :class:`app.stores.clickhouse.connection.ClickHouseUnavailable` or
    :class:`app.stores.clickhouse.connection.ClickHouseRefused` when ClickHouse doesn't do its part.

    Args:
        connection: to that database.
        url: where it leads to, for error texts.

    Attributes:
        left_out: columns that somebody has added and that no line holds: computed ones, and those
            of other types.
    """

    def __init__(self, connection: ClickHouseConnection, url: str) -> None:
        self._connection = connection
        self._url = url
        self._ours = tables()["clicks"]
        self._kinds, self.left_out = self._read_kinds()

    @property
    def columns(self) -> list[str]:
        """The names of the columns that a line holds, in their order."""
        return list(self._kinds)

    def without(self, columns: Iterable[str]) -> list[str]:
        """Return which of a backup's columns this table lacks, and nobody but their owner misses.

        Raises:
            ClickHouseRefused: it lacks one of ours.
        """
        unknown = [column for column in columns if column not in self._kinds]
        if needed := [column for column in unknown if column in self._ours]:
            raise ClickHouseRefused(
                f"the table clicks has no column {', '.join(needed)}: run `hopline migrate`"
            )
        return unknown

    def months(self) -> list[int]:
        """Return the months of which there are clicks, as YYYYMM, oldest first."""
        found = self._connection.ask_each(_months)
        return sorted(set().union(*found))

    def read(self, month: int) -> Iterator[Sequence[Any]]:
        """Yield the lines of a month's clicks, each with its newest enrichment."""
        asked = ", ".join(
            _READ.get(kind, "{column}").format(column=column)
            for column, kind in self._kinds.items()
        )
        query = f"SELECT {asked} FROM {{table:Identifier}} FINAL WHERE toYYYYMM(time) = {month:d}"  # noqa: S608 - own text and a number
        for shard in self._connection.ask_each(lambda shard: shard):
            with translated(self._url):
                shard.catch_up("clicks")
                yield from shard.client.execute_iter(
                    query, {"table": shard.table("clicks")}, settings={"max_block_size": _ROWS}
                )

    def write(
        self, columns: Sequence[str], lines: Iterable[Sequence[Any]], kept_since_ms: int
    ) -> Iterator[Written]:
        """Insert lines, look whether they are there, and yield what became of them, piece by piece.

        Each click is written into the ledger first, as its consumer once did. A click that is
        there already collapses with the new row.

        Args:
            kept_since_ms: the Unix time from which on the table forgets no click.

        Raises:
            ClickHouseRefused: the table has no such column.
        """
        left_out = self.without(columns)
        kept = [column for column in columns if column not in left_out]
        query = f"INSERT INTO clicks ({', '.join(kept)}) VALUES"
        waiting = iter(lines)
        while piece := list(islice(waiting, _ROWS)):
            held = {
                column: _values(self._kinds[column], cells)
                for column, cells in zip(columns, zip(*piece, strict=True), strict=True)
                if column in self._kinds
            }
            self._connection.ask(partial(_insert, query, held))
            yield self._written(held, kept_since_ms)

    def _written(self, held: dict[str, list[Any]], kept_since_ms: int) -> Written:
        is_kept = [time_ms >= kept_since_ms for time_ms in held["time"]]
        ids, codes, times = (
            list(compress(held[name], is_kept)) for name in ("click_id", "short_code", "time")
        )

        def count(shard: Shard) -> int:
            shard.catch_up("clicks")
            return count_stored(shard, ids, codes, times)

        stored = sum(self._connection.ask_each(count)) if ids else 0
        expired = len(set(held["click_id"])) - len(set(ids))
        return Written(len(is_kept), stored, len(set(ids)) - stored, expired)

    def _read_kinds(self) -> tuple[dict[str, str], list[str]]:
        rows = self._connection.ask(
            lambda client: client.execute(
                "SELECT name, type, default_kind IN ('', 'DEFAULT') FROM system.columns"
                " WHERE database = currentDatabase() AND table = 'clicks' ORDER BY position"
            )
        )
        held = {
            name: kind.partition("(")[0]
            for name, kind, is_stored in rows
            if is_stored and (name in self._ours or _PLAIN.fullmatch(kind))
        }
        return held, [name for name, _, _ in rows if name not in held]


def _months(shard: Shard) -> set[int]:
    shard.catch_up("clicks")
    query = "SELECT DISTINCT toYYYYMM(time) FROM {table:Identifier}"
    return {month for (month,) in shard.client.execute(query, {"table": shard.table("clicks")})}


def _insert(query: str, held: Mapping[str, list[Any]], client: Client) -> None:
    write_ledger(client, held["click_id"], held["time"])
    settings = insert_settings(client, len(held["click_id"]))
    client.execute(query, list(held.values()), columnar=True, settings=settings)


def _values(kind: str, cells: Iterable[Any]) -> list[Any]:
    """Return a column's values as clickhouse-driver takes them."""
    return [bytes.fromhex(cell) for cell in cells] if kind == "FixedString" else list(cells)
