"""Statement that finds out which links a breakdown of all links may show."""

from dataclasses import replace

from app.reports.conditions import Parameters, Statement, clause, within_any
from app.reports.plan import Plan
from app.reports.statement.columns import NOTHING
from app.reports.statement.selection import selected
from app.reports.sums.division import Division
from app.reports.sums.kinds import Kind, kinds_kept
from app.reports.sums.leading import MOST_LINKS
from app.reports.sums.left import left
from app.stores.scripts import query as text_of
from app.sums.days import LEADING_LINKS

_BY_KIND: dict[Kind, str] = {"person": "humans", "bot": "(clicks - humans)"}


def compile_leading(plan: Plan, division: Division) -> Statement:
    """Return the statement whose row :func:`app.reports.sums.leading.leading_links` reads."""
    limits = {"limit": plan.query.limit, "kept": LEADING_LINKS, "room": MOST_LINKS + 1}
    parameters = Parameters(dict(limits))
    current = replace(plan, before=None, starts_before=())
    text = text_of(
        "app.reports",
        "leading",
        counted=_counted(plan),
        where=selected(current, parameters, division.values, "day"),
        rows=_rows(current, parameters, division) if division.leaves_rows(current) else "",
    )
    return Statement(text, parameters.values)


def _counted(plan: Plan) -> str:
    """Return what the breakdown is ordered by, of a link's day."""
    kinds = kinds_kept(plan.query.filter) or ()
    if plan.query.order == "visitors":
        return "visitors" if "person" in kinds else NOTHING
    counted = plan.query.counted("link")
    wanted: dict[str, tuple[Kind, ...]] = {"humans": ("person",), "bots": ("bot",)}
    found = [_BY_KIND[kind] for kind in wanted.get(counted, ("person", "bot")) if kind in kinds]
    return " + ".join(found) or NOTHING


def _rows(plan: Plan, parameters: Parameters, division: Division) -> str:
    times = left(plan.periods, division.totals)
    prewhere = clause("PREWHERE", within_any(parameters, times))
    return text_of("app.reports", "leading_rows", prewhere=prewhere)
