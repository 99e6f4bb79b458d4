"""Reports that ClickHouse answers, each in one scan of the links' clicks in the period."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Self

from app.reports.answer import Answer, Source
from app.reports.assembly import assemble, has_exact_visitors
from app.reports.conditions import Statement
from app.reports.period import Period, move_back, period_of
from app.reports.query import BadQuery, Query
from app.reports.statement import Plan, compile_plan, compile_span
from app.reports.timeline import choose_interval, starts
from app.stores.clickhouse.connection import connect, translated
from app.stores.clickhouse.driver import Client
from app.stores.scripts import query as text_of


@dataclass(slots=True)
class _Asking:
    """One report's questions to ClickHouse, and what they cost.

    Attributes:
        ends_at: monotonic seconds by which all of them have to be answered.
    """

    client: Client
    ends_at: float
    rows_read: int = 0

    def ask(self, statement: Statement) -> Any:
        # Of no time ClickHouse would make any amount of it.
        left_seconds = max(self.ends_at - time.monotonic(), 0.001)
        rows = self.client.execute(
            statement.text, statement.parameters, settings={"max_execution_time": left_seconds}
        )
        self.rows_read += self.client.last_query.progress.rows
        return rows

    def newest_click(self) -> datetime | None:
        """Return the time of the newest stored click, which ClickHouse knows without reading."""
        [(newest,)] = self.ask(Statement(text_of("app.reports", "newest"), {}))
        return newest if newest.timestamp() else None

    def clicked(self, codes: Sequence[str] | None, period: Period) -> tuple[datetime, ...]:
        """Return the times of the first and the last click, none without clicks."""
        [(count, *moments)] = self.ask(compile_span(codes, period))
        return tuple(moments) if count else ()


class Reports:
    """Reads reports; any thread may ask, as each has a connection of its own until the close."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._own = threading.local()
        self._clients: list[Client] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads, none of which may be asking."""
        for client in self._clients:
            client.disconnect()

    def ping(self) -> None:
        """Ask ClickHouse for none of the clicks: a server without the table answers as well.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: it would give none.
        """
        with translated(self._url):
            self._client().execute("SELECT click_id FROM clicks LIMIT 0")

    def ask(self, query: Query, now: datetime, tagged: Sequence[str] = ()) -> Answer:
        """Count clicks.

        Args:
            query: what to count; a code that was never clicked has zeros.
            now: where a timeline without an end leads to.
            tagged: codes of the links that carry the query's tag.

        Raises:
            BadQuery: the timeline would be too long for the interval.
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        began = time.monotonic()
        with translated(self._url):
            asking = self._begin()
            newest = asking.newest_click()
            plan = _plan(asking, query, now, tagged, newest)
            rows = asking.ask(compile_plan(plan))
        source = Source(
            as_of=now,
            newest_click=newest,
            rows_read=asking.rows_read,
            seconds=time.monotonic() - began,
            has_exact_visitors=has_exact_visitors(plan),
        )
        return assemble(plan, rows, source)

    def statement(self, query: Query, now: datetime, tagged: Sequence[str] = ()) -> Statement:
        """Return what :meth:`ask` would ask ClickHouse for the figures.

        Raises:
            BadQuery, ClickHouseUnavailable, ClickHouseRefused: as :meth:`ask`.
        """
        with translated(self._url):
            asking = self._begin()
            return compile_plan(_plan(asking, query, now, tagged, asking.newest_click()))

    def _begin(self) -> _Asking:
        return _Asking(self._client(), time.monotonic() + self._timeout_seconds)

    def _client(self) -> Client:
        if not hasattr(self._own, "client"):
            self._own.client = self._connect()
            self._clients.append(self._own.client)
        client: Client = self._own.client
        return client

    def _connect(self) -> Client:
        settings = {
            "max_execution_time": max(1, int(self._timeout_seconds)),
            "do_not_merge_across_partitions_select_final": 1,
            # A filter in WHERE comes after FINAL, whatever the server's profile says.
            "optimize_move_to_prewhere_if_final": 0,
        }
        return connect(self._url, timeout_seconds=self._timeout_seconds, settings=settings)


def _plan(
    asking: _Asking,
    query: Query,
    now: datetime,
    tagged: Sequence[str],
    newest: datetime | None,
) -> Plan:
    """Decide what an answer needs, by the first and last click where a query leaves it open."""
    codes = tagged if query.tag else (query.codes or None)
    period = period_of(query, now)
    clicked: tuple[datetime, ...] = ()
    is_ahead = newest is not None and newest > now and (period.until is None or period.until > now)
    if newest is not None and (period.since is None or is_ahead):
        clicked = asking.clicked(codes, period)
    first, last = span(period, clicked, now)
    interval = query.interval or choose_interval(first, last)
    found = tuple(starts(first, last, interval, query.zone, query.week))
    end = min(period.until or now, now)
    if period.since is None or (move := move_back(query, period.since, end, interval)) is None:
        return Plan(query, codes, period, interval, found)
    if end <= period.since:
        raise BadQuery("since", "is yet to come, so there is nothing to compare")
    before = Period(move(period.since), move(end))
    moved = (min(move(max(start, period.since)), move(end)) for start in found)
    return Plan(query, codes, period, interval, found, before, tuple(accumulate(moved, max)))


def span(period: Period, clicked: Sequence[datetime], now: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a timeline.

    Args:
        period: what was asked for; the timeline covers it, up to now.
        clicked: the first and last click in it, none where it need not be known.
        now: the present, which a timeline without an end leads to.
    """
    end = now if period.until is None else min(now, period.until - datetime.resolution)
    start = period.since or min((*clicked, end))
    return start, max((start, end, *clicked))
