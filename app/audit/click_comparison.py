"""The clicks that ClickHouse holds beside those that the consumers took on.

Rule 1: consumers write a click into ``ledger`` before they insert it into ``clicks``. So ``clicks``
        is read first wherever the two are compared, and a click that is in ``clicks`` alone was
        put there by somebody else.
        A replica may get the rows of either first, so it catches up before each look.
Rule 2: everything is by distinct click id, so that it does not matter what came twice.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Literal, NamedTuple

from app.audit.click_ref import ClickRef
from app.audit.stored_clicks import sent_table
from app.schema.lifetime import ttl_of
from app.stores.clickhouse.connection import connect, translated
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.replicas import catch_up
from app.stores.scripts import query

Table = Literal["clicks", "ledger"]
#: Is handed the starts of what is looked at, and yields each when it is its turn.
Watch = Callable[[Iterable[int]], Iterable[int]]

#: Looked at in one query.
_SPAN_MS = 86_400_000
#: Never looked at so late: a click that is about to be forgotten may be gone from one table only.
_MARGIN_MS = 3_600_000
#: Clicks that are looked up in one query.
_ASKED_AT_ONCE = 10_000
_END_MS = 1 << 52
#: Of the columns of a :class:`ClickRef`.
_KINDS = {"time_ms": "Int64", "click_id": "FixedString(16)"}

_ENGINES = """
SELECT engine_full FROM system.tables
WHERE database = currentDatabase() AND name IN ('clicks', 'ledger')
"""


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
    """Asks ClickHouse, over one connection of its own.

    Every method raises ClickHouseUnavailable or ClickHouseRefused, as the server says.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._url = url
        settings = {
            "max_execution_time": max(1, int(timeout_seconds)),
            "do_not_merge_across_partitions_select_final": 1,
            # Else the driver takes ids for text.
            "strings_as_bytes": True,
        }
        self._client = connect(url, timeout_seconds=timeout_seconds, settings=settings)

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()

    def reach_ms(self, now_ms: int) -> int:
        """Return the Unix time from which on no click is so old that a table may forget it."""
        engines = self._ask(lambda client: client.execute(_ENGINES))
        days = [days for (engine,) in engines if (days := ttl_of(engine.decode()))]
        return now_ms - min(days) * _SPAN_MS + _MARGIN_MS if days else 0

    def started_seconds(self) -> int:
        """Return when the server was started, as a Unix time, give or take a second."""
        uptime = "SELECT toInt64(toUnixTimestamp(now())) - toInt64(uptime())"
        return int(self._ask(lambda client: client.execute(uptime))[0][0])

    def compare(self, since_ms: int, now_ms: int, watch: Watch) -> Compared:
        """Compare the tables from a Unix time on.

        Args:
            watch: shows how far it has come.
        """
        found = Compared(Counter(), set(), set())
        for first_ms in watch(range(since_ms, max(now_ms, since_ms + 1), _SPAN_MS)):
            is_last = first_ms + _SPAN_MS >= now_ms
            # A clock that runs ahead makes clicks of the future.
            self._compare_span(found, first_ms, _END_MS if is_last else first_ms + _SPAN_MS)
        return found

    def among(self, table: Table, click_refs: Iterable[ClickRef]) -> set[ClickRef]:
        """Return which of the clicks are in a table."""
        ordered = iter(sorted(click_refs))
        found: set[ClickRef] = set()
        while piece := list(islice(ordered, _ASKED_AT_ONCE)):
            span = {"first_ms": piece[0].time_ms, "end_ms": piece[-1].time_ms + 1}
            asked = sent_table("wanted", _KINDS, piece)
            rows = self._query("among", {"table": table, **span}, asked)
            found |= {ClickRef(*row) for row in rows}
        return found

    def _compare_span(self, found: Compared, first_ms: int, end_ms: int) -> None:
        span = {"first_ms": first_ms, "end_ms": end_ms}
        stored = self._sums("clicks", span)
        in_ledger = self._sums("ledger", span)
        for minute, (count, _) in in_ledger.items():
            if stored.get(minute) == in_ledger[minute]:
                found.in_ledger[minute] += count
        unequal = [
            (minute,)
            for minute in stored.keys() | in_ledger.keys()
            if stored.get(minute) != in_ledger.get(minute)
        ]
        if unequal:
            self._look_closer(found, span, sent_table("wanted", {"minute": "Int64"}, unequal))

    def _look_closer(
        self, found: Compared, span: Mapping[str, int], minutes: dict[str, Any]
    ) -> None:
        rows = self._query("in_ledger", {"other": "clicks", **span}, minutes)
        for minute, count, absent in rows:
            found.in_ledger[minute] += count
            found.absent.update(ClickRef(*one) for one in absent)
        rows = self._query("uncounted", {"other": "ledger", **span}, minutes)
        found.uncounted.update(ClickRef(*row) for row in rows)

    def _sums(self, table: Table, span: Mapping[str, int]) -> dict[int, tuple[int, int]]:
        rows = self._query("sums", {"table": table, **span})
        return {minute: (count, total) for minute, count, total in rows}

    def _query(self, name: str, params: Mapping[str, object], *tables: Any) -> Any:
        text = query("app.audit", name)

        def ask(client: Client) -> Any:
            catch_up(client, "clicks", "ledger")
            return client.execute(text, params, external_tables=list(tables) or None)

        return self._ask(ask)

    def _ask(self, question: Callable[[Client], Any]) -> Any:
        with translated(self._url):
            return question(self._client)
