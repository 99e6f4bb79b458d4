"""Part of a statement that counts rows, all panels in one scan.

Rule: every figure is over distinct clicks. A click may have been inserted more than once, and
      again with newer enrichment; FINAL keeps its newest row. A click's key never changes, and
      so neither does its partition: FINAL need not look across partitions.
"""

from app.clicks.count_only import NOBODY
from app.reports.conditions import COLUMNS, Parameters, clause, matching, outside, scope
from app.reports.plan import Plan
from app.reports.statement.columns import PART, bucket_aliases, in_periods, is_of, named
from app.reports.sums.division import DAY_MS, Division, runs
from app.stores.scripts import query as text_of

_KINDS = {
    "humans": "NOT is_bot",
    "bots": "is_bot",
    # Clicks that are only counted have no visitor.
    "visitors": f"NOT is_bot AND visitor_id != {NOBODY}",
    "bot_visitors": f"is_bot AND visitor_id != {NOBODY}",
}


def rows_part(plan: Plan, parameters: Parameters, division: Division) -> str:
    """Return the part that counts the rows of all days which sums don't answer."""
    aliases = bucket_aliases(plan, parameters, "toUnixTimestamp64Milli(time)")
    values = {key: COLUMNS[by] for key, by in plan.values.items()}
    times = [(first * DAY_MS, end * DAY_MS) for first, end in runs(division.totals)]
    wanted = plan.query.filter
    return text_of(
        "app.reports",
        "rows",
        aliases=named(aliases | values),
        keys=", ".join(plan.keys),
        figures=named({name: _figure(plan, name) for name in plan.figures}, PART),
        prewhere=clause(
            "PREWHERE",
            scope(parameters, plan.codes),
            in_periods(plan, parameters),
            outside(parameters, times),
        ),
        where=clause("WHERE", matching(parameters, wanted) if wanted else ""),
        sets=", ".join(f"({key})" for key in plan.keys),
    )


def _figure(plan: Plan, name: str) -> str:
    kind, period = _KINDS[name.removesuffix("_before")], is_of(plan, name)
    condition = f"{period} AND {kind}" if period else kind
    counted = "uniqExactIf(visitor_id, " if "visitors" in name else "countIf("
    return f"{counted}{condition})"
