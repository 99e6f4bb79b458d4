"""Part of a statement that adds up the values of whole days: breakdowns."""

from collections.abc import Iterable, Mapping
from datetime import UTC

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
    names = {key: [str(by)] for key, by in valued(plan).items()}
    return _part(plan, parameters, division.values, names)


def hours_part(plan: Plan, parameters: Parameters, division: Division) -> str:
    """Return the part that adds up the breakdowns of the first hours of days; not empty."""
    assert plan.before  # noqa: S101 - what is compared with ends within such a day
    assert plan.before.until  # noqa: S101 - for the type
    hours = range(plan.before.until.astimezone(UTC).hour)
    names = {key: [f"{by} at {hour}" for hour in hours] for key, by in valued(plan).items()}
    return _part(plan, parameters, division.hours, names)


def _part(
    plan: Plan, parameters: Parameters, days: Mapping[int, int], names: Mapping[str, list[str]]
) -> str:
    """Return the part that adds up values.

    Args:
        days: and the version of each.
        names: of dimensions as they are stored, by the column of what they tell.
    """
    keys = {key: f"if(dimension IN ({_texts(each)}), value, '')" for key, each in names.items()}
    missing = {key: "''" for key in plan.values if key not in names}
    times = dict.fromkeys(plan.times, "toInt64(0)")
    stored = [name for each in names.values() for name in each]
    numbers = [plan.panel(key) for key, each in names.items() for _ in each]
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
        panel=f"transform(toString(dimension), [{_texts(stored)}], {numbers}, 0)",
        keys=", ".join(plan.keys),
        figures=named({name: _figure(plan, name) for name in plan.figures}, PART),
        where=f"dimension IN ({_texts(stored)}) AND " + selected(plan, parameters, days, "day"),
    )


def _texts(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _figure(plan: Plan, name: str) -> str:
    column, kind = _COLUMNS[name.removesuffix("_before")]
    kinds = kinds_kept(plan.query.filter) or ()
    return added(plan, name, column) if kind in kinds else NOTHING
