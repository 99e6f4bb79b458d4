"""Sums of days of which clicks are erased: marked to be computed anew, and a link's own deleted.

Rule: a deletion marks no day by itself. A day is marked before, so that reports read its clicks,
      and after, so that no sums hold that were begun meanwhile.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from app.audit.stored_clicks import sent_table
from app.erasure.choice import Choice
from app.erasure.deletion import Watch, delete_rows
from app.stores.clickhouse.connection import translated
from app.stores.clickhouse.driver import Client
from app.stores.scripts import query
from app.sums.days import mark

_MS_A_DAY = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HAS_SUMS = "EXISTS TABLE click_marks"
_OF_LINK = {
    "click_sums": "short_code = {code:String} AND toDate(time) IN {days:Array(Date)}",
    "click_values": "day IN {days:Array(Date)}"
    " AND (short_code = {code:String}"
    " OR dimension IN ('link', 'leading_link') AND value = {code:String})",
}


class StoredSums:
    """The sums of one database; raises as the server says.

    Args:
        hosts: clients of all of them, at least one, since each has all sums.
    """

    def __init__(self, hosts: Sequence[Client], url: str) -> None:
        self._hosts = hosts
        self._client = hosts[0]
        self._url = url

    @contextmanager
    def marked(self, choice: Choice, click_ids: Collection[bytes], watch: Watch) -> Iterator[None]:
        """Mark the days of some clicks while they are erased; a link's own sums go afterwards."""
        with translated(self._url):
            days = self._days(choice, click_ids)
            mark(self._client, *days)
        yield
        if choice.code is not None and days:
            params = {"code": choice.code, "days": days}
            for table, condition in _OF_LINK.items():
                delete_rows(self._hosts, self._url, table, condition, params, watch)
        with translated(self._url):
            mark(self._client, *days)

    def _days(self, choice: Choice, click_ids: Collection[bytes]) -> list[date]:
        if not self._client.execute(_HAS_SUMS)[0][0]:
            return []
        bounds = {"since_ms": choice.since_ms, "until_ms": choice.until_ms}
        # An erasure that was killed has perhaps left no row that tells a click's day: its id does.
        today = datetime.now(UTC).date()
        days = {day for day in map(_day_of, click_ids) if day <= today}
        if choice.code is not None:
            days |= self._run("days_of_link", {**bounds, "code": choice.code})
        if click_ids:
            wanted = sent_table("wanted", {"click_id": "FixedString(16)"}, zip(click_ids))
            days |= self._run("days_of_clicks", bounds, wanted)
        return sorted(days)

    def _run(self, name: str, params: dict[str, Any], *tables: dict[str, Any]) -> set[date]:
        rows = self._client.execute(
            query("app.erasure", name),
            params,
            external_tables=list(tables) or None,
            settings={"log_queries": 0, "strings_as_bytes": True},
        )
        return {day for (day,) in rows}


def _day_of(click_id: bytes) -> date:
    """Return the day that an id begins with; one that no click can have where it is no time."""
    days = int.from_bytes(click_id[:6], "big") // _MS_A_DAY
    return date.fromordinal(min(_EPOCH_DAY + days, date.max.toordinal()))
