"""Part of a statement that counts rows, all panels in one scan.

Rule: every figure is over distinct clicks. A click may have been inserted more than once, and
      again with newer enrichment; FINAL keeps its newest row. A click's key never changes, and
      so neither does its partition: FINAL need not look across partitions.
"""

from app.clicks.count_only import NOBODY
from app.reports.conditions import COLUMNS, Parameters, clause, matching, scope, within_any
from app.reports.filters import Dimension
from app.reports.plan import Plan
from app.reports.statement.columns import PART, bucket_aliases, is_of, named
from app.reports.sums.division import Division
from app.reports.sums.leading import OTHERS
from app.reports.sums.left import left
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
    values = {key: _value(plan, parameters, by) for key, by in plan.values.items()}
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
            within_any(parameters, left(plan.periods, division.totals)),
        ),
        where=clause("WHERE", matching(parameters, wanted) if wanted else ""),
        sets=", ".join(f"({', '.join(keys)})" for keys in plan.sets),
    )


def _value(plan: Plan, parameters: Parameters, by: Dimension) -> str:
    if by != "link" or plan.leading is None:
        return COLUMNS[by]
    leads = f"short_code IN {parameters.place(list(plan.leading), 'Array(String)')}"
    return f"if({leads}, short_code, {parameters.place(OTHERS, 'String')})"


def _figure(plan: Plan, name: str) -> str:
    kind, period = _KINDS[name.removesuffix("_before")], is_of(plan, name)
    condition = f"{period} AND {kind}" if period else kind
    counted = "uniqExactIf(visitor_id, " if "visitors" in name else "countIf("
    return f"{counted}{condition})"
