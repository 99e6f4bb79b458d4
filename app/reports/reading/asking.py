"""Questions of one report to ClickHouse, which share a deadline."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.reports.conditions import Statement
from app.reports.period import Period
from app.reports.reading.stored import Stored, compile_stored, stored
from app.reports.statement.report import compile_span
from app.reports.sums.days import compile_scope_days, scope_days
from app.reports.sums.division import ScopeDay
from app.stores.clickhouse.codes import ACCESS_DENIED, UNKNOWN_TABLE
from app.stores.clickhouse.driver import Client, errors
from app.sums.days import clean_days
from app.times import EPOCH

_DAY = timedelta(days=1)


@dataclass(slots=True)
class Asking:
    """One report's questions to ClickHouse, and what they cost.

    Attributes:
        ends_at: monotonic seconds by which all of them have to be answered.
        has_sums: whether sums of days may be asked for.
    """

    client: Client
    ends_at: float
    has_sums: bool = True
    rows_read: int = 0

    def ask(self, statement: Statement) -> Any:
        """Return the rows that answer a statement."""
        rows = self.client.execute(statement.text, statement.parameters, settings=self._settings())
        self._note_rows()
        return rows

    def stored(self, codes: Sequence[str] | None) -> Stored:
        """Return what is stored of links, None for all; it takes next to no reading."""
        try:
            return stored(self.ask(compile_stored(codes, has_sums=self.has_sums)))
        except errors.ServerException as error:
            if not self.has_sums or error.code not in (UNKNOWN_TABLE, ACCESS_DENIED):
                raise
        self.has_sums = False
        return self.stored(codes)

    def clicked(
        self, codes: Sequence[str] | None, period: Period, days: Sequence[ScopeDay]
    ) -> tuple[datetime, ...]:
        """Return the times of the first and the last click, none without clicks.

        Args:
            days: of which there are sums; one whose rows may be gone has the quarter of its first.
        """
        [(count, *moments)] = self.ask(compile_span(codes, period, days))
        frozen = (each.first_quarter for each in days if each.is_frozen and each.first_quarter)
        until = period.until
        return (
            *(moments if count else ()),
            *(time for time in frozen if until is None or time < until),
        )

    def scope_days(self, codes: Sequence[str] | None, period: Period) -> list[ScopeDay]:
        """Return the days of a period whose sums are right, with the clicks that links have."""
        if not self.has_sums:
            return []
        first = period.since and max(period.since, EPOCH).date()
        end = period.until and (period.until + _DAY - datetime.resolution).date()
        clean = clean_days(self.client, first, end, settings=self._settings())
        if not clean:
            return []
        self._note_rows()
        days = clean.values()
        return scope_days(days, self.ask(compile_scope_days(codes, days)))

    def _note_rows(self) -> None:
        self.rows_read += self.client.last_query.progress.rows

    def _settings(self) -> dict[str, float]:
        # Of no time ClickHouse would make any amount of it.
        return {"max_execution_time": max(self.ends_at - time.monotonic(), 0.001)}
