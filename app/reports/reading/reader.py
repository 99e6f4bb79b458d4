"""Reports that ClickHouse answers, each in one statement over sums of days and rows of others."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from app.reports.answer import Answer, Source, Sums
from app.reports.assembly import assemble, has_exact_visitors
from app.reports.conditions import Statement
from app.reports.query import Query
from app.reports.reading.asking import Asking
from app.reports.reading.planning import plan_of, with_leading
from app.reports.statement.report import RAW, compile_plan
from app.stores.clickhouse.connection import ClickHouseRefused, connect, translated
from app.stores.clickhouse.driver import Client
from app.stores.scripts import query as text_of

logger = logging.getLogger(__name__)


class Reports:
    """Reads reports; any thread may ask, as each has a connection of its own until the close.

    Args:
        has_sums: whether sums of days may answer, which is right either way.
    """

    def __init__(self, url: str, *, timeout_seconds: float, has_sums: bool = True) -> None:
        self._url = url
        self._has_sums = has_sums
        self._timeout_seconds = timeout_seconds
        self._has_version = True
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

    def ask(
        self,
        query: Query,
        now: datetime,
        tagged: Sequence[str] = (),
        *,
        has_timelines: bool = False,
    ) -> Answer:
        """Count clicks.

        Args:
            query: what to count; a code that was never clicked has zeros.
            now: where a timeline without an end leads to.
            tagged: codes of the links that carry the query's tag.
            has_timelines: whether each value has a timeline of its own, as :class:`Plan` says of
                ``is_crossed``; of other values than links that is told by rows alone.

        Raises:
            BadQuery: the timeline would be too long for the interval.
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        began = time.monotonic()
        with translated(self._url):
            asking = self._begin()
            codes = tagged if query.tag else (query.codes or None)
            found = asking.stored(codes)
            plan, division = plan_of(asking, query, now, codes, found)
            plan = replace(plan, is_crossed=has_timelines)
            if has_timelines and query.by != ("link",):
                # Sums know the values of a day, and none of its steps.
                division = RAW
            plan, division = with_leading(asking, plan, division)
            rows = asking.ask(compile_plan(plan, division))
        source = Source(
            as_of=now,
            newest_click=found.newest,
            oldest_click=found.oldest,
            rows_read=asking.rows_read,
            seconds=time.monotonic() - began,
            has_exact_visitors=has_exact_visitors(plan),
            sums=Sums(division.through, len(division.totals), division.days_raw(plan, now)),
        )
        return assemble(plan, rows, source)

    def version(self) -> str | None:
        """Return what is another after anything was stored or deleted; None where nobody tells.

        It is made of the names of the tables' parts. On a cluster the replica that answers next may
        have others; and a user of ours may not have the right to see them.

        Raises:
            ClickHouseUnavailable: as the server says.
        """
        if not self._has_version:
            return None
        try:
            with translated(self._url):
                client = self._client()
                rows = (
                    client.execute(text_of("app.reports", "version")) if not client.cluster else []
                )
        except ClickHouseRefused as error:
            logger.info("Reports have no ETag: %s", error)
            rows = []
        self._has_version = bool(rows)
        return rows[0][0] if rows else None

    def statement(self, query: Query, now: datetime, tagged: Sequence[str] = ()) -> Statement:
        """Return what asks ClickHouse for the figures by rows alone, whichever sums there are.

        What somebody copies shall be right tomorrow, when sums may have been computed anew.

        Raises:
            BadQuery, ClickHouseUnavailable, ClickHouseRefused: as :meth:`ask`.
        """
        with translated(self._url):
            asking = self._begin()
            codes = tagged if query.tag else (query.codes or None)
            plan, _ = plan_of(asking, query, now, codes, asking.stored(codes))
            return compile_plan(plan)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Return the rows that answer a statement.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        with translated(self._url):
            found: list[tuple[Any, ...]] = self._begin().ask(statement)
            return found

    def _begin(self) -> Asking:
        ends_at = time.monotonic() + self._timeout_seconds
        return Asking(self._client(), ends_at, self._has_sums)

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
