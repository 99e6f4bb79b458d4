"""Upkeep of the sums: finds out which days wait, computes them, and deletes what nobody reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from app.schema.lifetime import ttl_of
from app.stores.clickhouse.connection import insert_settings
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.replicas import catch_up
from app.stores.clickhouse.shards import ClickHouseConnection, Shard
from app.stores.scripts import query
from app.sums.comparison import Difference, compare_sums
from app.sums.computation import Computation, settle_seconds
from app.sums.days import State, SummedDay, summed_days
from app.sums.schedule import Times, due_days, leaving_days, waiting_days

#: How long after it was given up a version's rows stay: a report may have begun to read them.
_GRACE_HOURS = 1
#: A computation takes minutes at most; one that never ended is given up.
_LOST_HOURS = 6
_MOST_AT_ONCE = 500

_ENGINE = """
SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {clicks:String}
"""
_NOTE = """
INSERT INTO click_sum_days (day, version, state, marks_before, clicks, humans, revision) VALUES
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the sums have come.

    Attributes:
        known: days that have sums, or were marked.
        waiting: closed days whose clicks have no sums that hold, newest first.
        due: those of them that can be computed now.
    """

    times: Times
    known: list[SummedDay]
    waiting: list[date]
    due: list[date]

    @property
    def clean(self) -> int:
        """Number of days whose sums hold."""
        return sum(one.is_clean for one in self.known)

    @property
    def behind_seconds(self) -> float:
        """Time since the end of the oldest day that waits; 0 without any."""
        if not self.waiting:
            return 0.0
        oldest = self.waiting[-1]
        end = datetime(oldest.year, oldest.month, oldest.day, tzinfo=UTC) + timedelta(days=1)
        return (self.times.now - end).total_seconds()


class Upkeep:
    """Looks after the sums of one database, over connections of its own.

    Every method raises ClickHouseUnavailable or ClickHouseRefused, as the server says.

    Args:
        sums_ttl_days: days after which a day's sums are deleted, 0 for never.
    """

    def __init__(self, url: str, timeout_seconds: float, sums_ttl_days: int = 0) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._connection = ClickHouseConnection(url, timeout_seconds)
        self._computation = Computation(url, timeout_seconds)
        self._settle = timedelta(seconds=settle_seconds(timeout_seconds))
        self._sums_ttl_days = sums_ttl_days

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        self._connection.close()
        self._computation.close()

    def look(self) -> Standing:
        """Return how far the sums have come."""
        engines = chain.from_iterable(self._connection.ask_each(_engines))
        ttl_days = max((ttl_of(engine) for (engine,) in engines), default=0)
        return self._connection.ask(lambda client: self._look(client, ttl_days))

    def compute(self, day: date) -> None:
        """Compute a day; as :meth:`app.sums.computation.Computation.compute`."""
        self._computation.compute(day)

    def compare(self) -> list[Difference]:
        """Compare sums and clicks; as :func:`app.sums.comparison.compare_sums`."""
        return compare_sums(self._url, self._timeout_seconds)

    def tidy(self, standing: Standing) -> None:
        """Freeze days whose clicks go; give up versions that don't count, and delete them later."""
        self._connection.ask(lambda client: _tidy(client, standing))

    def _look(self, client: Client, ttl_days: int) -> Standing:
        catch_up(client, "click_marks", "click_sum_days")
        ((now,),) = client.execute("SELECT now64(3, 'UTC')")
        times = Times(now, self._settle, ttl_days, self._sums_ttl_days)
        spans = client.execute(query("app.sums", "spans"))
        known = summed_days(client)
        waiting = waiting_days(((a.date(), b.date()) for a, b in spans), known, times)
        return Standing(times, known, waiting, due_days(waiting, known, times))


def _engines(shard: Shard) -> list[Any]:
    found: list[Any] = shard.client.execute(_ENGINE, {"clicks": shard.table("clicks")})
    return found


def _tidy(client: Client, standing: Standing) -> None:
    _note(client, State.FROZEN, leaving_days(standing.known, standing.times))
    outlived = [one.day for one in standing.known if standing.times.is_outlived(one.day)]
    params = {"days": outlived, "hours": _LOST_HOURS}
    client.execute(query("app.sums", "give_up"), params, settings=insert_settings(client, 1))
    rows = client.execute(query("app.sums", "given_up"), {"hours": _GRACE_HOURS})
    for start in range(0, len(rows), _MOST_AT_ONCE):
        piece = rows[start : start + _MOST_AT_ONCE]
        versions = {"versions": [version for _, version in piece]}
        for table in ("click_sums", "click_values"):
            client.execute(
                f"ALTER TABLE {table} DELETE WHERE version IN {{versions:Array(UInt64)}}", versions
            )
        client.execute(
            "INSERT INTO click_sum_days (day, version, state) VALUES",
            [(day, version, State.REMOVED) for day, version in piece],
            settings=insert_settings(client, len(piece)),
        )


def _note(client: Client, state: State, days: Iterable[SummedDay]) -> None:
    rows = [
        (one.day, one.version, state, one.marks_before, one.clicks, one.humans, one.revision)
        for one in days
    ]
    if rows:
        client.execute(_NOTE, rows, settings=insert_settings(client, len(rows)))
