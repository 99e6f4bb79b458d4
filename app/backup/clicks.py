"""Clicks out of ClickHouse and back into it, each once, as lines that JSON can hold.

A line holds a row's values in the order of the columns. What JSON has no form for is written by
its column's type: bytes of fixed length in hexadecimal, times as Unix milliseconds, addresses as
text. Of columns that somebody has added, those are in it that a line can hold and a restore write.

Rule 1: the server makes lines of rows, and rows of lines; here they are text. That takes a tenth of
        the time that values take which pass through Python.
Rule 2: a month of a shard is read in the order of the table, and in pages, so that a backup that
        broke off goes on behind the last row that it has.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from operator import add
from typing import NamedTuple

import orjson

from app.audit.stored_clicks import sent_table
from app.audit.writer import copy_to_ledger
from app.schema.migrations import tables
from app.stores.clickhouse.connection import ClickHouseRefused, insert_settings, translated
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import ClickHouseConnection, Shard
from app.stores.scripts import query

#: Clicks of one part, and rows of one piece that ClickHouse sends.
PART_ROWS = 1_000_000
_ROWS = 20_000
#: Rows from which on those that are restored are stored: each time costs a part, and two looks.
_STORED_AT_ONCE = 50_000
#: How a type's values are asked for, what they are in JSON, and how they are read again.
_AS_TEXT = {
    "FixedString": ("lower(hex({column}))", "String", "unhex({value})"),
    "DateTime64": (
        "toUnixTimestamp64Milli({column})",
        "Int64",
        "fromUnixTimestamp64Milli({value}, 'UTC')",
    ),
    "IPv6": ("toString({column})", "String", "toIPv6({value})"),
}
_PLAIN = re.compile(r"(?:LowCardinality\(|Nullable\()*(?:String|Bool|U?Int(?:8|16|32|64))\)*")
_LINES = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0,
    # Somebody else may have stored what is no text.
    "output_format_json_validate_utf8": 1,
    "max_block_size": _ROWS,
    "strings_as_bytes": True,
    # A server may be set to filter before FINAL, which would bring back older rows.
    "optimize_move_to_prewhere_if_final": 0,
}
_SENT = {"strings_as_bytes": True}
_KEY = "short_code, time, click_id"
#: The temporary table of the rows that are restored next.
_RESTORED = "restored"
_NAME = re.compile(r"clicks-(\d{6})(?:-s(\d+))?(?:-(\d+))?")


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


class Place(NamedTuple):
    """Where a part of a backup begins.

    Attributes:
        month: YYYYMM.
        shard: number of the shard whose clicks they are, from 1.
        number: of the part among the month's of that shard, from 1.
        after: link, Unix milliseconds and id in hexadecimal of the click before it; None at first.
    """

    month: int
    shard: int = 1
    number: int = 1
    after: tuple[str, int, str] | None = None

    @property
    def name(self) -> str:
        """The name of the part."""
        shard = f"-s{self.shard}" if self.shard > 1 else ""
        return f"clicks-{self.month}{shard}" + (f"-{self.number}" if self.number > 1 else "")


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
        self._types, self.left_out = self._read_types()

    @property
    def columns(self) -> list[str]:
        """The names of the columns that a line holds, in their order."""
        return list(self._types)

    def without(self, columns: Iterable[str]) -> list[str]:
        """Return which of a backup's columns this table lacks, and nobody but their owner misses.

        Raises:
            ClickHouseRefused: it lacks one of ours.
        """
        unknown = [column for column in columns if column not in self._types]
        if needed := [column for column in unknown if column in self._ours]:
            raise ClickHouseRefused(
                f"the table clicks has no column {', '.join(needed)}: run `hopline migrate`"
            )
        return unknown

    def months(self) -> dict[int, int]:
        """Return the months of which there are clicks, as YYYYMM, and the rows of each."""
        found = Counter[int]()
        for of_shard in self._connection.ask_each(_months):
            found.update(of_shard)
        return dict(sorted(found.items()))

    def read(
        self, months: Iterable[int], begin: Place | None = None
    ) -> Iterator[tuple[str, bytes]]:
        """Yield parts' names with lines of theirs, of the clicks of months in their order.

        Args:
            begin: where to go on; None for the beginning.
        """
        for month in months:
            for number, shard in enumerate(self._connection.ask_each(lambda shard: shard), 1):
                place: Place | None = Place(month, number)
                if begin and (month, number) <= (begin.month, begin.shard):
                    place = begin if (month, number) == (begin.month, begin.shard) else None
                while place:
                    count, chunk = 0, b""
                    for chunk in self._page(shard, place):
                        count += chunk.count(b"\n")
                        yield place.name, chunk
                    line = chunk[chunk.rfind(b"\n", 0, -1) + 1 :]
                    behind = self.place_behind(place.name, count, line)
                    place = behind if behind.after else None

    def place_behind(self, name: str, count: int, last_line: bytes) -> Place:
        """Return where to go on behind a part: at its shard's next click, or at the next shard.

        Args:
            name: as :attr:`Place.name`.
            count: of its lines.
        """
        found = _NAME.fullmatch(name)
        if found is None:
            return Place(0)
        month, shard = int(found[1]), int(found[2] or 1)
        if count < PART_ROWS:
            return Place(month, shard + 1)
        values = dict(zip(self.columns, orjson.loads(last_line), strict=True))
        after = values["short_code"], values["time"], values["click_id"]
        return Place(month, shard, int(found[3] or 1) + 1, after)

    def write(
        self, columns: Sequence[str], chunks: Iterable[bytes], kept_since_ms: int
    ) -> Iterator[Written]:
        """Insert lines, look whether they are there, and yield what became of some at a time.

        Each click is written into the ledger first, as its consumer once did. Where all rows of
        these are there already, nothing is inserted; else what is there collapses with the new row.

        Args:
            kept_since_ms: the Unix time from which on the table forgets no click.

        Raises:
            ClickHouseRefused: the table has no such column.
        """
        left_out = self.without(columns)
        kept = [column for column in columns if column not in left_out]
        names = ", ".join(map(_quoted, kept))
        held = ", ".join(f"{_quoted(column)} {self._types[column]}" for column in kept)
        parse = f"INSERT INTO {_RESTORED} ({names}) {self._parse(columns, kept)}"
        insert = f"INSERT INTO clicks ({names}) SELECT {names} FROM {_RESTORED}"  # noqa: S608 - own names
        shards = self._connection.ask_each(lambda shard: shard)
        client = self._connection.ask(lambda client: client)
        # Each of them compares what it has; without shards they are one.
        clients = list(dict.fromkeys((client, *(shard.client for shard in shards))))
        with translated(self._url):
            for one in clients:
                one.execute(f"DROP TEMPORARY TABLE IF EXISTS {_RESTORED}")
                one.execute(f"CREATE TEMPORARY TABLE {_RESTORED} ({held})")
        for lines in self._parsed(clients, parse, chunks):
            with translated(self._url):
                found = _store(client, shards, insert, lines, kept_since_ms)
                for one in clients:
                    one.execute(f"TRUNCATE TABLE {_RESTORED}")
            yield found

    def _parsed(
        self, clients: Sequence[Client], parse: str, chunks: Iterable[bytes]
    ) -> Iterator[int]:
        """Make rows of chunks, and yield how many there are once these are enough to be stored."""
        waiting = 0
        for chunk in chunks:
            sent = sent_table("sent", {"lines": "String"}, [(chunk.rstrip(b"\n"),)])
            with translated(self._url):
                for one in clients:
                    one.execute(parse, external_tables=[sent], settings=_SENT)
            waiting += chunk.count(b"\n")
            if waiting >= _STORED_AT_ONCE:
                yield waiting
                waiting = 0
        if waiting:
            yield waiting

    def _page(self, shard: Shard, place: Place) -> Iterator[bytes]:
        asked = ", ".join(
            _AS_TEXT[kind][0].format(column=_quoted(column))
            if (kind := _kind(of_type)) in _AS_TEXT
            else _quoted(column)
            for column, of_type in self._types.items()
        )
        behind = query("app.backup", "behind") if place.after else ""
        code, time_ms, click_id = place.after or ("", 0, "")
        params = {"short_code": code, "time_ms": time_ms, "click_id": click_id}
        with translated(self._url):
            shard.catch_up("clicks")
            found = shard.client.execute_iter(
                query("app.backup", "page", columns=asked, behind=behind),
                {"table": shard.table("clicks"), "month": place.month, "rows": PART_ROWS, **params},
                settings=_LINES,
                chunk_size=_ROWS,
            )
            for rows in found:
                yield b"".join(line for (line,) in rows)

    def _parse(self, columns: Sequence[str], kept: Sequence[str]) -> str:
        """Return the query that makes rows of lines; values of unknown columns are left as text."""
        types, values = [], []
        for number, column in enumerate(columns, 1):
            of_type = self._types.get(column, "String")
            _, in_json, read = _AS_TEXT.get(_kind(of_type), ("", of_type, "{value}"))
            types.append(in_json)
            if column in kept:
                values.append(read.format(value=f"line.{number}"))
        return query(
            "app.backup",
            "parsed",
            values=", ".join(values),
            types=", ".join(types),
            click_id=f"line.{columns.index('click_id') + 1}",
        )

    def _read_types(self) -> tuple[dict[str, str], list[str]]:
        rows = self._connection.ask(
            lambda client: client.execute(
                "SELECT name, type, default_kind IN ('', 'DEFAULT') FROM system.columns"
                " WHERE database = currentDatabase() AND table = 'clicks' ORDER BY position"
            )
        )
        held = {
            name: of_type
            for name, of_type, is_stored in rows
            if is_stored and (name in self._ours or _PLAIN.fullmatch(of_type))
        }
        return held, [name for name, _, _ in rows if name not in held]


def _months(shard: Shard) -> dict[int, int]:
    shard.catch_up("clicks")
    query_text = query("app.backup", "months")
    return dict(shard.client.execute(query_text, {"table": shard.table("clicks")}))


def _store(
    client: Client, shards: Sequence[Shard], insert: str, lines: int, kept_since_ms: int
) -> Written:
    """Insert what is to be restored, unless it is there."""
    ((all_clicks, kept),) = client.execute(
        query("app.backup", "count_restored"), {"since_ms": kept_since_ms}
    )
    # Of a click that is there with an older row, the row of the backup is to replace it.
    if _stored(shards, f"{_KEY}, enriched_at", kept_since_ms) < kept or kept < all_clicks:
        copy_to_ledger(client, _RESTORED, lines)
        client.execute(insert, settings=insert_settings(client, lines))
    stored = _stored(shards, _KEY, kept_since_ms) if kept else 0
    return Written(lines, stored, kept - stored, all_clicks - kept)


def _stored(shards: Iterable[Shard], key: str, since_ms: int) -> int:
    """Count the clicks to be restored that the shards have, by these columns."""
    text, count = query("app.backup", "stored", key=key), 0
    for shard in shards:
        shard.catch_up("clicks")
        params = {"table": shard.table("clicks"), "since_ms": since_ms}
        count += int(shard.client.execute(text, params)[0][0])
    return count


def _kind(of_type: str) -> str:
    return of_type.partition("(")[0]


def _quoted(column: str) -> str:
    """Return a column's name as SQL; somebody may have added one of any name."""
    escaped = column.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
