"""Clicks out of ClickHouse and back into it, each once, as lines that JSON can hold.

A line holds a row's values in the order of the columns. What JSON has no form for is written by
its column's type: bytes of fixed length in hexadecimal, times as Unix milliseconds, addresses as
text.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from clickhouse_driver import Client

from app.clickhouse import ClickHouseRefused, translated
from app.ledger.entering import enter

#: Rows of one insert, and of one piece that ClickHouse sends.
_ROWS = 20_000
#: How a type's values are asked for; other types as they are.
_READ = {
    "FixedString": "lower(hex({column}))",
    "DateTime64": "toUnixTimestamp64Milli({column})",
    "IPv6": "toString({column})",
}


class ClickTable:
    """The table ``clicks`` of one database.

    Every method raises :class:`app.clickhouse.ClickHouseUnavailable` or
    :class:`app.clickhouse.ClickHouseRefused` when ClickHouse doesn't do its part.

    Args:
        client: of that database.
        url: where it connects to, for error texts.
    """

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url
        self._kinds = self._read_kinds()

    @property
    def columns(self) -> list[str]:
        """The names of its columns, in their order."""
        return list(self._kinds)

    def months(self) -> list[int]:
        """Return the months of which there are clicks, as YYYYMM, oldest first."""
        with translated(self._url):
            rows = self._client.execute("SELECT DISTINCT toYYYYMM(time) FROM clicks ORDER BY 1")
        return [month for (month,) in rows]

    def count(self) -> int:
        """Return how many distinct clicks there are."""
        with translated(self._url):
            return int(self._client.execute("SELECT uniqExact(click_id) FROM clicks")[0][0])

    def read(self, month: int) -> Iterator[Sequence[Any]]:
        """Yield the lines of a month's clicks, each with its newest enrichment."""
        asked = ", ".join(
            _READ.get(kind, "{column}").format(column=column)
            for column, kind in self._kinds.items()
        )
        query = f"SELECT {asked} FROM clicks FINAL WHERE toYYYYMM(time) = {month:d}"  # noqa: S608 - own text and a number
        with translated(self._url):
            yield from self._client.execute_iter(query, settings={"max_block_size": _ROWS})

    def write(self, columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> Iterator[int]:
        """Insert lines, and yield how many there were, piece by piece.

        Each click is entered into the ledger first, as its consumer once did.
        A piece that is inserted twice is dropped as a duplicate, or its clicks collapse.

        Raises:
            ClickHouseRefused: the table has no such column.
        """
        self._require(columns)
        kinds = [self._kinds[column] for column in columns]
        query = f"INSERT INTO clicks ({', '.join(columns)}) VALUES"
        waiting = iter(lines)
        while piece := list(islice(waiting, _ROWS)):
            values = [
                _values(kind, cells)
                for kind, cells in zip(kinds, zip(*piece, strict=True), strict=True)
            ]
            held = dict(zip(columns, values, strict=True))
            settings = {"insert_deduplication_token": _token(values)}
            with translated(self._url):
                enter(self._client, held["click_id"], held["time"])
                self._client.execute(query, values, columnar=True, settings=settings)
            yield len(piece)

    def _read_kinds(self) -> dict[str, str]:
        with translated(self._url):
            rows = self._client.execute(
                "SELECT name, type FROM system.columns"
                " WHERE database = currentDatabase() AND table = 'clicks' ORDER BY position"
            )
        return {name: kind.partition("(")[0] for name, kind in rows}

    def _require(self, columns: Sequence[str]) -> None:
        if unknown := [column for column in columns if column not in self._kinds]:
            raise ClickHouseRefused(
                f"the table clicks has no column {', '.join(unknown)}: run `hopline migrate`"
            )


def _values(kind: str, cells: Iterable[Any]) -> list[Any]:
    """Return a column's values as clickhouse-driver takes them."""
    return [bytes.fromhex(cell) for cell in cells] if kind == "FixedString" else list(cells)


def _token(values: Sequence[Sequence[Any]]) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()
