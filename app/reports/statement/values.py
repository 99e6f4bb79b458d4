"""Part of a statement that adds up the values of whole days: breakdowns."""

from app.reports.conditions import Parameters
from app.reports.plan import Plan
from app.reports.statement.columns import NOTHING, PART, added, named, period_aliases
from app.reports.statement.selection import selected
from app.reports.sums.division import Division, valued
from app.reports.sums.kinds import kinds_kept
from app.stores.scripts import query as text_of

#: Columns that figures are sums of, and whose clicks they are about.
_COLUMNS = {
    "humans": ("humans", "person"),
    "bots": ("toUInt64(clicks - humans)", "bot"),
    "visitors": ("visitors", "person"),
    "bot_visitors": ("bot_visitors", "bot"),
}


def values_part(plan: Plan, parameters: Parameters, division: Division) -> str:
    """Return the part that adds up the breakdowns of the days that sums answer; not empty."""
    columns = valued(plan)
    keys = {key: f"if(dimension = '{by}', value, '')" for key, by in columns.items()}
    missing = {key: "''" for key in plan.values if key not in columns}
    times = dict.fromkeys(plan.times, "toInt64(0)")
    names = ", ".join(f"'{by}'" for by in columns.values())
    numbers = ", ".join(str(plan.panel(key)) for key in columns)
    return text_of(
        "app.reports",
        "values",
        aliases=named(
            {"time": "toDateTime64(day, 3, 'UTC')"}
            | period_aliases(plan, parameters)
            | times
            | keys
            | missing
        ),
        panel=f"transform(toString(dimension), [{names}], [{numbers}], 0)",
        keys=", ".join(plan.keys),
        figures=named({name: _figure(plan, name) for name in plan.figures}, PART),
        where=f"dimension IN ({names}) AND " + selected(plan, parameters, division.values, "day"),
    )


def _figure(plan: Plan, name: str) -> str:
    column, kind = _COLUMNS[name.removesuffix("_before")]
    kinds = kinds_kept(plan.query.filter) or ()
    return added(plan, name, column) if kind in kinds else NOTHING
