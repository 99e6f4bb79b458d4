"""Statement that asks ClickHouse one query, all its panels at once.

Figures of days whose sums are right come from those, all others from rows; no click is in both, and
so they add up.
"""

from collections.abc import Sequence

from app.reports.conditions import Parameters, Statement, clause, scope, within_any
from app.reports.period import Period
from app.reports.plan import Plan
from app.reports.statement.columns import PART
from app.reports.statement.rows import rows_part
from app.reports.statement.totals import links_part, totals_part
from app.reports.statement.values import hours_part, values_part
from app.reports.sums.division import Division, ScopeDay, unseen, valued
from app.reports.sums.leading import OTHERS
from app.reports.sums.left import left
from app.stores.scripts import query as text_of

#: What is read raw altogether.
RAW = Division()


def compile_plan(plan: Plan, division: Division = RAW) -> Statement:
    """Return the statement that answers a plan; its columns are ``panel``, keys and figures.

    Args:
        division: of its days into those of sums and others.
    """
    parameters = Parameters({"limit": plan.query.limit})
    parts = []
    if division.leaves_rows(plan):
        parts.append(rows_part(plan, parameters, division))
    if division.totals:
        parts.append(totals_part(plan, parameters, division))
    if division.values and valued(plan):
        parts.append(values_part(plan, parameters, division))
    if division.hours and valued(plan):
        parts.append(hours_part(plan, parameters, division))
    if division.values and plan.is_led:
        parts.append(links_part(plan, parameters, division))
    text = text_of(
        "app.reports",
        "report",
        keys=", ".join(plan.keys),
        figures=", ".join(f"sum({PART}{name}) AS {name}" for name in plan.figures),
        parts="\nUNION ALL\n".join(parts),
        having=_having(plan, parameters),
        order=_order(plan),
        times=", ".join(plan.times),
    )
    return Statement(text, parameters.values)


def compile_span(
    codes: Sequence[str] | None, period: Period, days: Sequence[ScopeDay] = ()
) -> Statement:
    """Return the statement that asks how many clicks there are, and for the first and the last.

    Args:
        days: of which there are sums; those between the first and the last with clicks need not
            be looked at.
    """
    parameters = Parameters()
    prewhere = clause(
        "PREWHERE",
        scope(parameters, codes),
        within_any(parameters, left([period], unseen(period, days))),
    )
    return Statement(text_of("app.reports", "span", prewhere=prewhere), parameters.values)


def _counted(plan: Plan, suffix: str = "") -> str:
    """Return what the row of a breakdown counts; which panel it is decides what."""
    figures = {"clicks": f"(humans{suffix} + bots{suffix})"}
    chosen = {
        plan.panel(key): figures.get(counted, f"{counted}{suffix}")
        for key, by in plan.values.items()
        if (counted := plan.query.counted(by)) != "humans"
    }
    if not chosen:
        return f"humans{suffix}"
    if plan.query.order in ("clicks", "bots"):
        return next(iter(chosen.values()))
    cases = (f"panel = {panel}, {sql}" for panel, sql in chosen.items())
    return f"multiIf({', '.join(cases)}, humans{suffix})"


def _having(plan: Plan, parameters: Parameters) -> str:
    kept = [f"panel IN ({', '.join(str(plan.panel(key)) for key in ('', *plan.times))})"]
    kept.append(f"{_counted(plan)} > 0")
    if plan.query.order in ("rise", "fall"):
        kept.append(f"{_counted(plan, '_before')} > 0")
    wanted = " OR ".join(kept)
    if not plan.is_led:
        return wanted
    others = parameters.place(OTHERS, "String")
    # No other breakdown has links.
    [link] = [key for key, by in plan.values.items() if by == "link"]
    return f"({wanted}) AND NOT (panel = {plan.panel(link)} AND {link} = {others})"


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
