"""Pages that list clicks from ClickHouse: the newest first, or what was stored since the last page.

Rule 1: places are found by rows as they lie, without FINAL, which would read far more than a page.
        Then the page's clicks alone are read by FINAL, and what a newer row says otherwise of is
        left out: a page may be shorter than its limit.
Rule 2: in the order of storing nothing is told that a row could still come before. So it ends where
        clicks are on their way: see :func:`app.audit.settled.settled_ms`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, get_args

from app.audit.stored_clicks import wanted_clicks
from app.exports.clicks import COLUMNS, Row
from app.reports.conditions import Parameters, clause, matching, scope, within
from app.reports.period import Period
from app.reports.query import Query
from app.stores.clickhouse.shards import ClickHouseConnection, Shard
from app.stores.scripts import query as text_of

Order = Literal["newest", "stored"]
ORDERS: tuple[Order, ...] = get_args(Order)
#: What a page is sorted by, besides click id and code.
_AT: dict[Order, str] = {"newest": "time", "stored": "enriched_at"}
_SETTINGS = {
    "do_not_merge_across_partitions_select_final": 1,
    # A filter in WHERE comes after FINAL, whatever the server's profile says.
    "optimize_move_to_prewhere_if_final": 0,
}


class Place(NamedTuple):
    """Where a click stands in an order.

    Attributes:
        at_ms: Unix milliseconds of the click, or of the making of its row.
        click_id: in hexadecimal digits.
    """

    at_ms: int
    click_id: str
    short_code: str


class ClickPage(NamedTuple):
    """A part of a list of clicks.

    Attributes:
        rows: with the Unix milliseconds of their making behind the columns of an export.
        after: behind which the next page begins; None at the end of the list.
    """

    rows: list[Row]
    after: Place | None


class _Key(NamedTuple):
    place: Place
    time_ms: int


class ClickPages:
    """Lists the clicks that a query asks for, each with its newest enrichment.

    Every method raises ClickHouseUnavailable (try again) or ClickHouseRefused.

    Args:
        connection: to the server, or to each shard.
        query: of which scope and filter count.
        period: which clicks.
        tagged: codes of the links that carry the query's tag.
    """

    def __init__(
        self,
        connection: ClickHouseConnection,
        query: Query,
        period: Period,
        tagged: Sequence[str] = (),
    ) -> None:
        self._connection = connection
        self._codes = tagged if query.tag else (query.codes or None)
        self._filter = query.filter
        self._period = period

    def newest(self, limit: int, after: Place | None = None) -> ClickPage:
        """Return the clicks before a place, the newest first."""
        keys = self._keys("newest", limit, after, "")
        rows = self._rows(keys)
        found = [rows[key.place[1:]] for key in _once(keys) if key.place[1:] in rows]
        return ClickPage(found, keys[-1].place if len(keys) == limit else None)

    def stored(self, limit: int, settled_ms: int, after: Place | None = None) -> ClickPage:
        """Return the clicks whose rows were made behind a place, in that order.

        A click whose row is made anew comes again. There is always a place to go on from.

        Args:
            settled_ms: all rows that were made before are stored.
        """
        before = f"enriched_at < fromUnixTimestamp64Milli({settled_ms:d}, 'UTC')"
        keys = self._keys("stored", limit, after, before)
        rows = self._rows(keys)
        found = [
            rows[key.place[1:]]
            for key in _once(keys)
            if key.place[1:] in rows and rows[key.place[1:]][-1] == key.place.at_ms
        ]
        return ClickPage(found, keys[-1].place if keys else after or Place(0, "0" * 32, ""))

    def _keys(self, order: Order, limit: int, after: Place | None, further: str) -> list[_Key]:
        way, is_behind = ("DESC", "<") if order == "newest" else ("ASC", ">")
        sorted_by = (_AT[order], "click_id", "short_code")
        parameters = Parameters()
        conditions = [*self._conditions(parameters), further]
        if after is not None:
            place = _placed(parameters, after)
            # The first half is what ClickHouse can leave out whole parts by.
            conditions.append(f"{_AT[order]} {is_behind}= {place[0]}")
            conditions.append(f"({', '.join(sorted_by)}) {is_behind} ({', '.join(place)})")

        def ask(shard: Shard) -> list[tuple[Any, ...]]:
            shard.catch_up("clicks")
            text = text_of(
                "app.exports",
                "keys",
                at=f"toUnixTimestamp64Milli({_AT[order]})",
                table=shard.table("clicks"),
                where=clause("WHERE", *conditions),
                order=", ".join(f"{name} {way}" for name in sorted_by),
                limit=str(limit),
            )
            found: list[tuple[Any, ...]] = shard.client.execute(text, parameters.values)
            return found

        found = [each for rows in self._connection.ask_each(ask) for each in rows]
        keys = [_Key(Place(*place), time_ms) for *place, time_ms in found]
        return sorted(keys, reverse=order == "newest")[:limit]

    def _rows(self, keys: Sequence[_Key]) -> dict[tuple[str, str], Row]:
        """Return the newest rows of some clicks, as far as they match, by click id and code."""
        if not keys:
            return {}
        times = [key.time_ms for key in keys]
        parameters = Parameters()
        since, until = (_moment(parameters, time_ms) for time_ms in (min(times), max(times)))
        ids = [bytes.fromhex(key.place.click_id) for key in keys]
        codes = [key.place.short_code for key in keys]
        where = clause("WHERE", *self._conditions(parameters))

        def ask(shard: Shard) -> list[Row]:
            text = text_of(
                "app.exports",
                "of_keys",
                columns=", ".join(COLUMNS.values()),
                table=shard.table("clicks"),
                since=since,
                until=until,
                where=where,
            )
            tables = [wanted_clicks(ids, codes)]
            found: list[Row] = shard.client.execute(
                text, parameters.values, external_tables=tables, settings=_SETTINGS
            )
            return found

        answers = self._connection.ask_each(ask)
        return {(row[1], row[2]): row for rows in answers for row in rows}

    def _conditions(self, parameters: Parameters) -> tuple[str, str, str]:
        wanted = matching(parameters, self._filter) if self._filter else ""
        return scope(parameters, self._codes), within(parameters, self._period), wanted


def _once(keys: Sequence[_Key]) -> Iterable[_Key]:
    """Return keys each once: several rows of one click stand in one place."""
    return dict.fromkeys(keys)


def _placed(parameters: Parameters, place: Place) -> tuple[str, str, str]:
    """Return the SQL of a place's time, click id and code."""
    click_id = f"CAST(unhex({parameters.place(place.click_id, 'String')}) AS FixedString(16))"
    code = parameters.place(place.short_code, "String")
    return _moment(parameters, place.at_ms), click_id, code


def _moment(parameters: Parameters, unix_ms: int) -> str:
    return f"fromUnixTimestamp64Milli({parameters.place(unix_ms, 'Int64')}, 'UTC')"
