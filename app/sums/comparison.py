"""Comparison of the sums of closed days with the clicks that they were made of.

Rule: a day that differs, and whose sums still hold when that was found, is marked: reports read its
      clicks from then on, and it is computed anew.
"""

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from typing import NamedTuple

from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.replicas import catch_up
from app.stores.clickhouse.shards import ClickHouseConnection
from app.stores.scripts import query
from app.sums.days import SummedDay, clean_days, mark
from app.sums.replicas import have_clicks

_DAY_MS = 86_400_000
_SETTINGS = {
    "do_not_merge_across_partitions_select_final": 1,
    "optimize_move_to_prewhere_if_final": 0,
}


class Difference(NamedTuple):
    """A link's day that is summed up otherwise than its clicks; '' is all links together.

    Attributes:
        dimension: by which the sums are told apart, and then beside their totals; '' for totals.
    """

    day: date
    short_code: str
    summed_clicks: int
    summed_humans: int
    clicks: int
    humans: int
    dimension: str = ""

    def __str__(self) -> str:
        """Return what is wrong, for a person."""
        whose = f"link {self.short_code}" if self.short_code else "all links"
        by = f" by {self.dimension}" if self.dimension else ""
        sums = f"the sums of {self.day} for {whose}{by}"
        if self[2:4] == self[4:6]:
            return f"{sums} count other visitors than their totals"
        return (
            f"{sums} say {self.summed_clicks:,} clicks, {self.summed_humans:,} of people, and"
            f" stored are {self.clicks:,}, {self.humans:,}"
        )


def compare_sums(url: str, timeout_seconds: float, first: date | None = None) -> list[Difference]:
    """Return where sums differ from their clicks, some links of each day, and mark those days.

    Of each day the numbers of clicks are compared, and link by link where those differ; breakdowns
    and visitors with the totals.

    Args:
        first: day from which on they are looked at; None for all.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    with closing(ClickHouseConnection(url, timeout_seconds, _SETTINGS)) as connection:
        return connection.ask(lambda client: _compare(client, url, timeout_seconds, first))


def _compare(
    client: Client, url: str, timeout_seconds: float, first: date | None
) -> list[Difference]:
    days = [one for one in clean_days(client, first).values() if not one.is_frozen]
    if not days:
        return []
    have_clicks(client, url, timeout_seconds)
    catch_up(client, "click_sums", "click_sum_days", "click_marks")
    found = [each for one in _suspects(client, days) for each in _closer(client, one)]
    found += _breakdowns(client, days)
    # A click that came meanwhile has marked its day.
    clean = clean_days(client)
    versions = {one.day: one.version for one in days}
    found = [
        each
        for each in found
        if each.day in clean and clean[each.day].version == versions[each.day]
    ]
    mark(client, *sorted({each.day for each in found}))
    return found


def _suspects(client: Client, days: Iterable[SummedDay]) -> list[SummedDay]:
    """Return the days whose totals are not the same everywhere."""
    known = list(days)
    span = {"first_ms": _first_ms(known[0].day), "end_ms": _first_ms(known[-1].day) + _DAY_MS}
    stored = dict(client.execute(query("app.sums", "stored"), span))
    asked = {"versions": [one.version for one in known]}
    sums = {
        version: figures for version, *figures in client.execute(query("app.sums", "totals"), asked)
    }
    return [
        one
        for one in known
        if sums.get(one.version, [0, 0, 0, 0]) != [one.clicks, one.humans] * 2
        or stored.get(one.day, 0) != one.clicks
    ]


def _closer(client: Client, one: SummedDay) -> list[Difference]:
    first_ms = _first_ms(one.day)
    params = {"version": one.version, "first_ms": first_ms, "end_ms": first_ms + _DAY_MS}
    rows = client.execute(query("app.sums", "differences"), params)
    return [Difference(one.day, *row) for row in rows]


def _breakdowns(client: Client, days: Iterable[SummedDay]) -> list[Difference]:
    by_version = {one.version: one.day for one in days}
    asked = {
        "versions": list(by_version),
        "first": min(by_version.values()),
        "last": max(by_version.values()),
    }
    rows = client.execute(query("app.sums", "breakdowns"), asked)
    return [
        Difference(by_version[version], code, clicks, people, all_clicks, all_people, dimension)
        for version, code, dimension, clicks, people, all_clicks, all_people in rows
    ]


def _first_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
