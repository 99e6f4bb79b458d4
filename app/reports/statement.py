"""Statement that asks ClickHouse one query, all its panels in one scan.

Rule: every figure is over distinct clicks. A click may have been inserted more than once, and
      again with newer enrichment; FINAL keeps its newest row. A click's key never changes, and
      so neither does its partition: FINAL need not look across partitions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.reports.conditions import (
    COLUMNS,
    Parameters,
    Statement,
    clause,
    matching,
    milliseconds,
    scope,
    within,
)
from app.reports.period import Period
from app.reports.query import Interval, Query
from app.stores.scripts import query as text_of


@dataclass(frozen=True, slots=True)
class Plan:
    """A query with everything decided that its answer needs.

    Attributes:
        codes: of the links, None for all.
        starts: of the timeline's buckets.
        before: the period that is compared with, None without one.
        starts_before: where the bucket of each start begins in it; one of no length begins where
            the next does.
    """

    query: Query
    codes: Sequence[str] | None
    period: Period
    interval: Interval
    starts: tuple[datetime, ...]
    before: Period | None = None
    starts_before: tuple[datetime, ...] = ()

    @property
    def times(self) -> tuple[str, ...]:
        """Columns that say which bucket of a timeline a row is."""
        return ("bucket", "bucket_before") if self.before else ("bucket",)

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that rows are grouped by, one at a time."""
        return (*self.times, *(f"value{number}" for number in range(len(self.query.by))))

    def panel(self, key: str) -> int:
        """Return the number of the rows that are grouped by a column; '' for that of all clicks.

        https://clickhouse.com/docs/sql-reference/aggregate-functions/grouping_function
        """
        everything = (1 << len(self.keys)) - 1
        return everything - ((1 << self.keys[::-1].index(key)) if key else 0)

    @property
    def figures(self) -> dict[str, str]:
        """Columns of figures, each with the condition of the clicks that it is over."""
        kinds = {"humans": "NOT is_bot", "bots": "is_bot"}
        if "visitors" in self.query.metrics:
            kinds["visitors"] = "NOT is_bot"
            if any(self.query.counted(by) == "bots" for by in self.query.by):
                kinds["bot_visitors"] = "is_bot"
        if self.before is None:
            return kinds
        current = {name: f"is_current AND {kind}" for name, kind in kinds.items()}
        return current | {f"{name}_before": f"is_before AND {kind}" for name, kind in kinds.items()}


def compile_plan(plan: Plan) -> Statement:
    """Return the statement that answers a plan; its columns are ``panel``, keys and figures."""
    parameters = Parameters({"limit": plan.query.limit})
    current, before = plan.period, plan.before
    aliases = {
        "bucket": _bucket(parameters, plan.starts),
        **{f"value{at}": COLUMNS[by] for at, by in enumerate(plan.query.by)},
    }
    if before:
        aliases["is_current"] = within(parameters, current)
        aliases["is_before"] = within(parameters, before)
        aliases["bucket"] = f"if(is_current, {aliases['bucket']}, {_NO_BUCKET})"
        found = _bucket(parameters, plan.starts_before)
        aliases["bucket_before"] = f"if(is_before, {found}, {_NO_BUCKET})"
        when = "(is_current OR is_before)"
    else:
        when = within(parameters, current)
    where = matching(parameters, plan.query.filter) if plan.query.filter else ""
    text = text_of(
        "app.reports",
        "report",
        **{"with": "WITH " + ", ".join(f"{sql} AS {name}" for name, sql in aliases.items())},
        keys=", ".join(plan.keys),
        figures=", ".join(f"{_figure(name, of)} AS {name}" for name, of in plan.figures.items()),
        prewhere=clause("PREWHERE", scope(parameters, plan.codes), when),
        where=clause("WHERE", where),
        sets=", ".join(f"({key})" for key in plan.keys),
        having=_having(plan),
        order=_order(plan),
        times=", ".join(plan.times),
    )
    return Statement(text, parameters.values)


def compile_span(codes: Sequence[str] | None, period: Period) -> Statement:
    """Return the statement that asks how many clicks there are, and for the first and the last."""
    parameters = Parameters()
    prewhere = clause("PREWHERE", scope(parameters, codes), within(parameters, period))
    return Statement(text_of("app.reports", "span", prewhere=prewhere), parameters.values)


#: Bucket of clicks that are outside of the timeline: no bucket begins before 1 January 1 BC.
_NO_BUCKET = -(2**62)


def _bucket(parameters: Parameters, starts: Sequence[datetime]) -> str:
    known = parameters.place(sorted({milliseconds(start) for start in starts}), "Array(Int64)")
    return f"roundDown(toUnixTimestamp64Milli(time), {known})"


def _figure(name: str, condition: str) -> str:
    return (
        f"uniqExactIf(visitor_id, {condition})" if "visitors" in name else f"countIf({condition})"
    )


def _counted(plan: Plan, suffix: str = "") -> str:
    """Return what the row of a breakdown counts; which panel it is decides what."""
    figures = {"clicks": f"(humans{suffix} + bots{suffix})"}
    chosen = {
        figures.get(counted, f"{counted}{suffix}"): f"panel = {plan.panel(f'value{at}')}"
        for at, by in enumerate(plan.query.by)
        if (counted := plan.query.counted(by)) != "humans"
    }
    if not chosen:
        return f"humans{suffix}"
    sql, is_panel = next(iter(chosen.items()))
    return (
        sql if plan.query.order in ("clicks", "bots") else f"if({is_panel}, {sql}, humans{suffix})"
    )


def _having(plan: Plan) -> str:
    kept = [f"panel IN ({', '.join(str(plan.panel(key)) for key in ('', *plan.times))})"]
    kept.append(f"{_counted(plan)} > 0")
    if plan.query.order in ("rise", "fall"):
        kept.append(f"{_counted(plan, '_before')} > 0")
    return " OR ".join(kept)


def _order(plan: Plan) -> str:
    order = plan.query.order
    score = f"{_counted(plan)} DESC"
    if order in ("rise", "fall"):
        direction = "DESC" if order == "rise" else "ASC"
        score = f"{_counted(plan)} - {_counted(plan, '_before')} {direction}"
    elif order == "visitors":
        score = "visitors DESC"
    first = () if order == "name" else (score,)
    return ", ".join((*first, *plan.keys))
