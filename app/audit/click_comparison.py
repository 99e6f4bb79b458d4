"""The clicks that ClickHouse holds beside those that the consumers took on.

Rule 1: consumers write a click into ``ledger`` before they insert it into ``clicks``. So ``clicks``
        is read first wherever the two are compared, and a click that is in ``clicks`` alone was
        put there by somebody else.
        A replica may get the rows of either first, so it catches up before each look.
        A click and its row of the ledger are on one shard, so each shard compares its own.
Rule 2: everything is by distinct click id, so that it does not matter what came twice.
Rule 3: rows are counted first, which is cheap: as many as the ledger has clicks, with the same sum
        of hashes, are the same. Only minutes that differ are asked for their distinct clicks.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Literal, NamedTuple

from app.audit.click_ref import ClickRef
from app.audit.stored_clicks import sent_table
from app.schema.lifetime import ttl_of
from app.stores.clickhouse.codes import TIMEOUT_EXCEEDED
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.clickhouse.shards import SHARDED, ClickHouseConnection, Shard
from app.stores.scripts import query

Table = Literal["clicks", "ledger"]
#: Is handed the starts of what is looked at, and yields each when it is its turn.
Watch = Callable[[Iterable[int]], Iterable[int]]

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
#: Looked at in one query; less where that takes too long, but no less than the second.
_SPAN_MS = 7 * _DAY_MS
_LEAST_SPAN_MS = 10 * _MINUTE_MS
#: Rows of unequal minutes that are compared at once: their ids are in the server's memory.
_ROWS_AT_ONCE = 1_000_000
#: Never looked at so late: a click that is about to be forgotten may be gone from one table only.
_MARGIN_MS = 3_600_000
#: Clicks that are looked up in one query.
_ASKED_AT_ONCE = 10_000
_END_MS = 1 << 52
#: Of the columns of a :class:`ClickRef`.
_KINDS = {"time_ms": "Int64", "click_id": "FixedString(16)"}

_ENGINES = """
SELECT engine_full FROM system.tables
WHERE database = currentDatabase() AND name IN ({clicks:String}, {ledger:String})
"""
#: What ClickHouse's sums of UInt64 are taken modulo of.
_WRAP = 1 << 64

#: Number of clicks and the sum of their hashes, by minute.
_Sums = Mapping[int, tuple[int, int]]


class _Span(NamedTuple):
    """Unix times, from the first up to the end."""

    first_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """How long it is, without the future."""
        return min(self.end_ms - self.first_ms, _SPAN_MS)

    def halves(self) -> tuple["_Span", "_Span"]:
        """Return its two halves."""
        middle_ms = self.first_ms + self.length_ms // 2
        return _Span(self.first_ms, middle_ms), _Span(middle_ms, self.end_ms)

    def of(self, minutes: Sequence[int]) -> "_Span":
        """Return the part of it that some minutes in order are in."""
        first_ms, end_ms = minutes[0] * _MINUTE_MS, (minutes[-1] + 1) * _MINUTE_MS
        return _Span(max(self.first_ms, first_ms), min(self.end_ms, end_ms))


class Compared(NamedTuple):
    """What the comparison of the two tables found.

    Attributes:
        in_ledger: number of clicks in the ledger, by minute.
        absent: clicks that are in the ledger and not in ``clicks``.
        uncounted: clicks that are in ``clicks`` and not in the ledger.
        held: clicks that are not in ``clicks`` though the group has finished them, whatever the
            ledger says, with the entries that the stream still holds.
    """

    in_ledger: Counter[int]
    absent: set[ClickRef]
    uncounted: set[ClickRef]
    held: Mapping[ClickRef, bytes] = {}

    @property
    def missing(self) -> set[ClickRef]:
        """Clicks that should be in ``clicks``."""
        return self.absent | self.held.keys()


class Clicks:
    """Asks ClickHouse, over connections of its own.

    Every method raises ClickHouseUnavailable or ClickHouseRefused, as the server says.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        settings = {
            "max_execution_time": max(1, int(timeout_seconds)),
            "do_not_merge_across_partitions_select_final": 1,
            # Else the driver takes ids for text.
            "strings_as_bytes": True,
        }
        self._connection = ClickHouseConnection(url, timeout_seconds, settings)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def reach_ms(self, now_ms: int) -> int:
        """Return the Unix time from which on no click is so old that a table may forget it."""
        found = self._connection.ask_each(_engines)
        engines = chain.from_iterable(found)
        days = [days for (engine,) in engines if (days := ttl_of(engine.decode()))]
        return now_ms - min(days) * _DAY_MS + _MARGIN_MS if days else 0

    def started_seconds(self) -> int:
        """Return when the server was started, as a Unix time, give or take a second."""
        uptime = "SELECT toInt64(toUnixTimestamp(now())) - toInt64(uptime())"
        return int(self._connection.ask(lambda client: client.execute(uptime))[0][0])

    def compare(self, since_ms: int, now_ms: int, watch: Watch) -> Compared:
        """Compare the tables from a Unix time on.

        Args:
            watch: shows how far it has come.
        """
        found = Compared(Counter(), set(), set())
        for first_ms in watch(range(since_ms, max(now_ms, since_ms + 1), _SPAN_MS)):
            is_last = first_ms + _SPAN_MS >= now_ms
            # A clock that runs ahead makes clicks of the future.
            end_ms = _END_MS if is_last else first_ms + _SPAN_MS
            self._compare_span(found, _Span(first_ms, end_ms))
        return found

    def among(self, table: Table, click_refs: Iterable[ClickRef]) -> set[ClickRef]:
        """Return which of the clicks are in a table."""
        ordered = iter(sorted(click_refs))
        found: set[ClickRef] = set()
        while piece := list(islice(ordered, _ASKED_AT_ONCE)):
            span = {"first_ms": piece[0].time_ms, "end_ms": piece[-1].time_ms + 1}
            asked = sent_table("wanted", _KINDS, piece)
            rows = self._query("among", span, asked, table=table)
            found |= {ClickRef(*row) for row in rows}
        return found

    def _compare_span(self, found: Compared, span: _Span) -> None:
        try:
            rows = self._sums("row_sums", span)
            in_ledger = self._sums("ledger_sums", span)
        except ClickHouseUnavailable as error:
            if error.code != TIMEOUT_EXCEEDED or span.length_ms < _LEAST_SPAN_MS:
                raise
            for half in span.halves():
                self._compare_span(found, half)
            return
        unequal = _settle(found, rows, in_ledger)
        none = (0, 0)
        sizes = [max(rows.get(one, none)[0], in_ledger.get(one, none)[0]) for one in unequal]
        for minutes in _pieces(unequal, sizes):
            self._look_closer(found, span.of(minutes), minutes)

    def _look_closer(self, found: Compared, span: _Span, minutes: Sequence[int]) -> None:
        """Compare the distinct clicks of some minutes, and name those that only one table has."""
        clicks = self._sums("click_sums", span, _asked(minutes))
        in_ledger = self._sums("ledger_sums", span)
        unequal = _settle(
            found, clicks, {one: in_ledger[one] for one in minutes if one in in_ledger}
        )
        if not unequal:
            return
        asked, params = _asked(unequal), span._asdict()
        for minute, count, absent in self._query("in_ledger", params, asked):
            found.in_ledger[minute] += count
            found.absent.update(ClickRef(*one) for one in absent)
        rows = self._query("uncounted", params, asked)
        found.uncounted.update(ClickRef(*row) for row in rows)

    def _sums(self, name: str, span: _Span, *asked: Any) -> _Sums:
        found: dict[int, tuple[int, int]] = {}
        for minute, count, total in self._query(name, span._asdict(), *asked):
            before = found.get(minute, (0, 0))
            found[minute] = (before[0] + count, (before[1] + total) % _WRAP)
        return found

    def _query(
        self, name: str, params: Mapping[str, int], *sent: Any, table: Table = "clicks"
    ) -> list[Any]:
        """Return the rows that all shards answer with."""
        text = query("app.audit", name)

        def ask(shard: Shard) -> list[Any]:
            shard.catch_up(*SHARDED)
            names = {"table": shard.table(table), **_names(shard)}
            found: list[Any] = shard.client.execute(
                text, {**names, **params}, external_tables=list(sent) or None
            )
            return found

        return list(chain.from_iterable(self._connection.ask_each(ask)))


def _engines(shard: Shard) -> list[Any]:
    found: list[Any] = shard.client.execute(_ENGINES, _names(shard))
    return found


def _names(shard: Shard) -> dict[str, str]:
    """Return what the tables are called on a shard, by what queries call them."""
    return {name: shard.table(name) for name in SHARDED}


def _settle(found: Compared, stored: _Sums, in_ledger: _Sums) -> list[int]:
    """Add the clicks of the minutes in which both have the same; return the others, in order."""
    unequal = []
    for minute in sorted(stored.keys() | in_ledger.keys()):
        if stored.get(minute) == in_ledger.get(minute):
            found.in_ledger[minute] += in_ledger[minute][0]
        else:
            unequal.append(minute)
    return unequal


def _pieces(minutes: Iterable[int], sizes: Iterable[int]) -> Iterator[list[int]]:
    """Part minutes, given with their numbers of rows, into pieces of not too many rows."""
    piece: list[int] = []
    rows = 0
    for minute, size in zip(minutes, sizes, strict=True):
        if piece and rows + size > _ROWS_AT_ONCE:
            yield piece
            piece, rows = [], 0
        piece.append(minute)
        rows += size
    if piece:
        yield piece


def _asked(minutes: Iterable[int]) -> dict[str, Any]:
    return sent_table("wanted", {"minute": "Int64"}, ((minute,) for minute in minutes))
