"""Plan that has everything decided which the answer to a query needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.reports.filters import Dimension
from app.reports.period import Period
from app.reports.query import Interval, Query

#: Number of the rows that are grouped by all columns at once, as those of values by their buckets.
CROSSED = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A query with everything decided that its answer needs.

    Attributes:
        codes: of the links, None for all.
        starts: of the timeline's buckets.
        before: the period that is compared with, None without one.
        starts_before: where the bucket of each start begins in it; one of no length begins where
            the next does.
        leading: of all links those that a breakdown may show, None for any.
        is_crossed: whether each value has a timeline of its own; the query then breaks down by
            some named links alone, or is ordered by clicks and breaks down by one other dimension,
            and compares with nothing.
    """

    query: Query
    codes: Sequence[str] | None
    period: Period
    interval: Interval
    starts: tuple[datetime, ...]
    before: Period | None = None
    starts_before: tuple[datetime, ...] = ()
    leading: tuple[str, ...] | None = None
    is_crossed: bool = False

    @property
    def periods(self) -> tuple[Period, ...]:
        """The period, and the one that it is compared with."""
        return (self.period, self.before) if self.before else (self.period,)

    @property
    def times(self) -> tuple[str, ...]:
        """Columns that say which bucket of a timeline a row is."""
        return ("bucket", "bucket_before") if self.before else ("bucket",)

    @property
    def values(self) -> dict[str, Dimension]:
        """Columns of the values of a breakdown, and what each breaks down by."""
        return {f"value{number}": by for number, by in enumerate(self.query.by)}

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that rows are grouped by, one at a time."""
        return (*self.times, *self.values)

    @property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """Columns that rows are grouped by together; the last set is of values by their buckets."""
        return (*((key,) for key in self.keys), *((self.keys,) if self.is_crossed else ()))

    @property
    def is_led(self) -> bool:
        """Whether a breakdown shows no other links than those that lead."""
        return self.leading is not None

    def panel(self, key: str) -> int:
        """Return the number of the rows that are grouped by a column; '' for that of all clicks.

        https://clickhouse.com/docs/sql-reference/aggregate-functions/grouping_function
        """
        everything = (1 << len(self.keys)) - 1
        return everything - ((1 << self.keys[::-1].index(key)) if key else 0)

    @property
    def has_bot_visitors(self) -> bool:
        """Whether a breakdown shows who made the clicks of bots."""
        query = self.query
        return "visitors" in query.metrics and "bots" in map(query.counted, query.by)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the figures that each period has."""
        visitors = ("visitors",) if "visitors" in self.query.metrics else ()
        return ("humans", "bots", *visitors, *(("bot_visitors",) if self.has_bot_visitors else ()))

    @property
    def figures(self) -> tuple[str, ...]:
        """Columns of figures."""
        before = (f"{kind}_before" for kind in self.kinds) if self.before else ()
        return (*self.kinds, *before)
