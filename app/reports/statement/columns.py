"""Columns that all parts of a statement have, and the conditions of their periods."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.reports.conditions import Parameters, milliseconds, within
from app.reports.plan import Plan

#: What the names of a part's figures begin with: the sum of a column can't have its name.
PART = "part_"
#: Bucket of clicks that are outside of the timeline: no bucket begins before 1 January 1 BC.
NO_BUCKET = -(2**62)
#: Figure of clicks that a filter leaves out, in the type of all.
NOTHING = "toUInt64(0)"


def bucket_aliases(plan: Plan, parameters: Parameters, time_ms: str) -> dict[str, str]:
    """Return what names the bucket of a time, and with a comparison its periods.

    Args:
        time_ms: SQL of the time, in Unix milliseconds.
    """
    bucket = _bucket(parameters, plan.starts, time_ms)
    if plan.before is None:
        return {"bucket": bucket}
    other = _bucket(parameters, plan.starts_before, time_ms)
    return {
        **period_aliases(plan, parameters),
        "bucket": f"if(is_current, {bucket}, {NO_BUCKET})",
        "bucket_before": f"if(is_before, {other}, {NO_BUCKET})",
    }


def period_aliases(plan: Plan, parameters: Parameters) -> dict[str, str]:
    """Return what tells the period of ``time``, where there is a comparison."""
    if plan.before is None:
        return {}
    return {
        "is_current": within(parameters, plan.period),
        "is_before": within(parameters, plan.before),
    }


def in_periods(plan: Plan, parameters: Parameters) -> str:
    """Return the condition of what a plan asks about; nothing for all times."""
    return "(is_current OR is_before)" if plan.before else within(parameters, plan.period)


def is_of(plan: Plan, name: str) -> str:
    """Return the condition of the period that a figure is of; nothing where there is but one."""
    if plan.before is None:
        return ""
    return "is_before" if name.endswith("_before") else "is_current"


def added(plan: Plan, name: str, what: str) -> str:
    """Return the figure of a name as the sum of something over its period."""
    condition = is_of(plan, name)
    return f"sumIf({what}, {condition})" if condition else f"sum({what})"


def named(columns: Mapping[str, str], prefix: str = "") -> str:
    """Return columns with their names."""
    return ", ".join(f"{sql} AS {prefix}{name}" for name, sql in columns.items())


def _bucket(parameters: Parameters, starts: Sequence[datetime], time_ms: str) -> str:
    known = parameters.place(sorted({milliseconds(start) for start in starts}), "Array(Int64)")
    return f"roundDown({time_ms}, {known})"
