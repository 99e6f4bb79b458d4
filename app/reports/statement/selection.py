"""Selection of those sums that are right: of a plan's links, and of a version for each day."""

from collections.abc import Mapping, Sequence

from app.reports.conditions import Parameters, scope
from app.reports.plan import Plan
from app.reports.statement.columns import in_periods
from app.reports.sums.versions import of_versions


def selected(
    plan: Plan,
    parameters: Parameters,
    days: Mapping[int, int],
    day: str,
    codes: Sequence[str] | None = None,
) -> str:
    """Return the condition of the sums of some days that are in a plan's periods.

    Args:
        days: numbers of days, and the version of each, beside which there may be others.
        day: SQL of a row's day.
        codes: of the links, instead of those of the plan.
    """
    conditions = (
        scope(parameters, codes or (("",) if plan.codes is None else plan.codes)),
        of_versions(parameters, days, day),
        in_periods(plan, parameters),
    )
    return " AND ".join(filter(None, conditions))
