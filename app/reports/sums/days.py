"""Days of which there are sums, with the clicks that the links of a query have on them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from app.reports.conditions import Parameters, Statement, scope
from app.reports.sums.division import ScopeDay, day_number
from app.reports.sums.versions import of_versions
from app.stores.scripts import query as text_of
from app.sums.days import SummedDay


def compile_scope_days(codes: Sequence[str] | None, clean: Iterable[SummedDay]) -> Statement:
    """Return the statement that asks for the clicks of links on some days."""
    parameters = Parameters()
    versions = {day_number(each.day): each.version for each in clean}
    text = text_of(
        "app.reports",
        "scope_days",
        scope=scope(parameters, ("",) if codes is None else codes),
        versions=of_versions(parameters, versions, "toDate(time)"),
    )
    return Statement(text, parameters.values)


def scope_days(
    clean: Iterable[SummedDay], clicks: Sequence[tuple[date, int, int, datetime]]
) -> list[ScopeDay]:
    """Return the days whose sums are right.

    Args:
        clicks: rows that answer :func:`compile_scope_days`, none for a day without clicks.
    """
    found = {row[0]: row for row in clicks}
    days = []
    for each in clean:
        _, count, least, first = found.get(each.day, (each.day, 0, 0, None))
        flags = each.is_frozen, each.has_leading, each.has_hours
        days.append(ScopeDay(each.day, each.version, count, least, first, *flags))
    return days
