"""Reports that ClickHouse answers: every figure over distinct clicks.

Rule 1: every figure is over distinct clicks. A click may have been inserted more than once, and
        again with newer enrichment; FINAL keeps its newest row. A click's key never changes, and
        so neither does its partition: FINAL need not look across partitions.
Rule 2: whether a click is a bot's is asked inside the aggregates, never in WHERE, where a server
        may be set to filter before FINAL and so bring back an older row.
Rule 3: what a person typed goes in as a parameter; SQL is put together from text of ours.
"""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from app.reports.stats import Breakdown, Bucket, Dimension, Figures, Interval, Period, Share, Stats
from app.reports.timeline import choose_interval, fill, starts
from app.stores.clickhouse.connection import connect, translated
from app.stores.clickhouse.driver import Client
from app.stores.scripts import query
from app.times import EPOCH

#: What a report is broken down by unless someone asks otherwise.
DEFAULT_BY: tuple[Dimension, ...] = ("country", "browser", "os", "device", "referrer")

_COLUMNS: dict[Dimension, str] = {
    "country": "country",
    "browser": "browser",
    "os": "os",
    "device": "device",
    "referrer": "referrer_host",
    "bot": "bot",
    "language": "language",
    "target": "target",
}
_STARTS: dict[Interval, str] = {
    "hour": "toStartOfHour(time)",
    "day": "toDateTime(toStartOfDay(time), 'UTC')",
    "month": "toDateTime(toStartOfMonth(time), 'UTC')",
}


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

    def stats(
        self,
        code: str,
        period: Period,
        now: datetime,
        *,
        interval: Interval | None = None,
        by: Sequence[Dimension] = DEFAULT_BY,
        limit: int = 10,
    ) -> Stats:
        """Count the clicks of a short code.

        Args:
            code: any text; one that was never clicked has zeros.
            period: which clicks count.
            now: where a timeline without an end leads to.
            interval: of the timeline; by default one that suits its length.
            by: what to break down by.
            limit: most values that a breakdown names.

        Raises:
            TooManyBuckets: the timeline would be too long for the interval.
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        with translated(self._url):
            span = self._span(code, period, now)
            step = interval or choose_interval(*span)
            wanted = tuple(starts(*span, step))
            figures, buckets = self._timeline(code, period, step)
            breakdowns = tuple(self._breakdown(code, period, each, limit) for each in by)
        return Stats(code, period, figures, step, fill(buckets, wanted), breakdowns)

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
        }
        return connect(self._url, timeout_seconds=self._timeout_seconds, settings=settings)

    def _ask(self, name: str, code: str, period: Period, limit: int = 0, **parts: str) -> Any:
        text = query("app.reports", name, condition=_condition(period), **parts)
        return self._client().execute(text, {"code": code, "limit": limit, **_bounds(period)})

    def _span(self, code: str, period: Period, now: datetime) -> tuple[datetime, datetime]:
        [(count, first, last)] = self._ask("span", code, period)
        return span(period, (first, last) if count else None, now)

    def _timeline(
        self, code: str, period: Period, interval: Interval
    ) -> tuple[Figures, list[Bucket]]:
        *rows, totals = self._ask("timeline", code, period, start=_STARTS[interval])
        return Figures(*totals[1:]), [Bucket(start, Figures(*row)) for start, *row in rows]

    def _breakdown(self, code: str, period: Period, by: Dimension, limit: int) -> Breakdown:
        counted = "is_bot" if by == "bot" else "NOT is_bot"
        parts = {"column": _COLUMNS[by], "counted": counted}
        *rows, (_, total, _) = self._ask("breakdown", code, period, limit, **parts)
        top = tuple(
            Share(name, clicks, visitors, clicks / total) for name, clicks, visitors in rows
        )
        return Breakdown(by, top, total - sum(share.clicks for share in top))


def span(
    period: Period, clicked: tuple[datetime, datetime] | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a timeline.

    Args:
        period: what was asked for; the timeline covers it, up to now.
        clicked: the first and last click in it, None without clicks.
        now: the present, which a timeline without an end leads to.
    """
    end = now if period.until is None else min(now, period.until - datetime.resolution)
    first, last = clicked or (end, end)
    start = period.since or first
    return start, max(start, end, last)


def _condition(period: Period) -> str:
    condition = "short_code = {code:String}"
    if period.since is not None:
        condition += " AND time >= fromUnixTimestamp64Milli({since:Int64})"
    if period.until is not None:
        condition += " AND time < fromUnixTimestamp64Milli({until:Int64})"
    return condition


def _bounds(period: Period) -> dict[str, int]:
    bounds = {"since": period.since, "until": period.until}
    return {name: _milliseconds(time) for name, time in bounds.items() if time is not None}


def _milliseconds(time: datetime) -> int:
    # Rounded up: a click is kept to the millisecond, and one before the bound stays before it.
    return -((EPOCH - time) // timedelta(milliseconds=1))
