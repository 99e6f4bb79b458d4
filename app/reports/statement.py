"""Statement that asks ClickHouse one query, all its panels in one scan.

Rule 1: every figure is over distinct clicks. A click may have been inserted more than once, and
        again with newer enrichment; FINAL keeps its newest row. A click's key never changes, and
        so neither does its partition: FINAL need not look across partitions.
Rule 2: PREWHERE, which comes before FINAL, asks only about the key: code and time. What a filter
        asks stands in WHERE, which comes after it, or an older row would come back.
Rule 3: what a person typed goes in as a parameter; SQL is put together from text of ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.reports.filters import Condition, Dimension, Every, Filter, Not, Some
from app.reports.period import Period
from app.reports.query import Interval, Query
from app.stores.scripts import query as text_of
from app.times import EPOCH

Parameter = str | int | list[str] | list[int]

_COLUMNS: dict[Dimension, str] = {
    "country": "country",
    "browser": "browser",
    "os": "os",
    "device": "device",
    "referrer": "referrer_host",
    "bot": "bot",
    "language": "language",
    "target": "target",
    "link": "short_code",
    "host": "host",
    "kind": "if(is_bot, 'bot', 'person')",
    "referrer_url": "referrer",
    "user_agent": "user_agent",
    "geo_version": "geo_version",
}
_MILLISECOND = timedelta(milliseconds=1)


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


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with places for its parameters, ``{name:Type}``."""

    text: str
    parameters: dict[str, Parameter]


@dataclass(slots=True)
class _Parameters:
    """Parameters that were given so far."""

    values: dict[str, Parameter] = field(default_factory=dict)

    def place(self, value: Parameter, type_: str) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{type_}}}"

    def moment(self, time: datetime) -> str:
        return f"fromUnixTimestamp64Milli({self.place(milliseconds(time), 'Int64')})"


def compile_plan(plan: Plan) -> Statement:
    """Return the statement that answers a plan; its columns are ``panel``, keys and figures."""
    parameters = _Parameters({"limit": plan.query.limit})
    current, before = plan.period, plan.before
    aliases = {
        "bucket": _bucket(parameters, plan.starts),
        **{f"value{at}": _COLUMNS[by] for at, by in enumerate(plan.query.by)},
    }
    if before:
        aliases["is_current"] = _within(parameters, current)
        aliases["is_before"] = _within(parameters, before)
        aliases["bucket"] = f"if(is_current, {aliases['bucket']}, {_NO_BUCKET})"
        found = _bucket(parameters, plan.starts_before)
        aliases["bucket_before"] = f"if(is_before, {found}, {_NO_BUCKET})"
        when = "(is_current OR is_before)"
    else:
        when = _within(parameters, current)
    where = _filter(parameters, plan.query.filter) if plan.query.filter else ""
    text = text_of(
        "app.reports",
        "report",
        **{"with": "WITH " + ", ".join(f"{sql} AS {name}" for name, sql in aliases.items())},
        keys=", ".join(plan.keys),
        figures=", ".join(f"{_figure(name, of)} AS {name}" for name, of in plan.figures.items()),
        prewhere=_clause("PREWHERE", _scope(parameters, plan.codes), when),
        where=_clause("WHERE", where),
        sets=", ".join(f"({key})" for key in plan.keys),
        having=_having(plan),
        order=_order(plan),
        times=", ".join(plan.times),
    )
    return Statement(text, parameters.values)


def compile_span(codes: Sequence[str] | None, period: Period) -> Statement:
    """Return the statement that asks how many clicks there are, and for the first and the last."""
    parameters = _Parameters()
    prewhere = _clause("PREWHERE", _scope(parameters, codes), _within(parameters, period))
    return Statement(text_of("app.reports", "span", prewhere=prewhere), parameters.values)


def milliseconds(time: datetime) -> int:
    """Return a time in Unix milliseconds.

    Rounded up: a click is kept to the millisecond, and one before the bound stays before it.
    """
    return -((EPOCH - time) // _MILLISECOND)


#: Bucket of clicks that are outside of the timeline: no bucket begins before 1 January 1 BC.
_NO_BUCKET = -(2**62)


def _bucket(parameters: _Parameters, starts: Sequence[datetime]) -> str:
    known = parameters.place(sorted({milliseconds(start) for start in starts}), "Array(Int64)")
    return f"roundDown(toUnixTimestamp64Milli(time), {known})"


def _clause(word: str, *conditions: str) -> str:
    wanted = [each for each in conditions if each]
    return f"{word} {' AND '.join(wanted)}" if wanted else ""


def _scope(parameters: _Parameters, codes: Sequence[str] | None) -> str:
    if codes is None:
        return ""
    if len(codes) == 1:
        return f"short_code = {parameters.place(codes[0], 'String')}"
    return f"short_code IN {parameters.place(list(codes), 'Array(String)')}"


def _within(parameters: _Parameters, period: Period) -> str:
    bounds = []
    if period.since is not None:
        bounds.append(f"time >= {parameters.moment(period.since)}")
    if period.until is not None:
        bounds.append(f"time < {parameters.moment(period.until)}")
    return f"({' AND '.join(bounds)})" if bounds else ""


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


def _filter(parameters: _Parameters, wanted: Filter) -> str:
    match wanted:
        case Condition():
            return _condition(parameters, wanted)
        case Not(inner):
            return f"NOT {_filter(parameters, inner)}"
        case Every(filters):
            return f"({' AND '.join(_filter(parameters, each) for each in filters)})"
        case Some(filters):
            return f"({' OR '.join(_filter(parameters, each) for each in filters)})"


def _condition(parameters: _Parameters, condition: Condition) -> str:
    column = _COLUMNS[condition.dimension]
    values = parameters.place(list(condition.values), "Array(String)")
    if condition.operator in ("=", "!="):
        found = f"{column} IN {values}"
    else:
        found = f"arrayExists(part -> positionCaseInsensitiveUTF8({column}, part) > 0, {values})"
    return f"(NOT {found})" if condition.operator.startswith("!") else f"({found})"
