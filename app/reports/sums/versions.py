"""Versions of days' sums: of each day one is right, and others may be beside it."""

from collections.abc import Mapping

from app.reports.conditions import Parameters


def of_versions(parameters: Parameters, days: Mapping[int, int], day: str) -> str:
    """Return the condition of one version of each of some days.

    Args:
        days: their numbers, and the version of each; not empty.
        day: SQL of a row's day.
    """
    numbers = parameters.place(list(days), "Array(Int64)")
    versions = parameters.place(list(days.values()), "Array(UInt64)")
    first, last = (parameters.place(number, "Int64") for number in (min(days), max(days)))
    return (
        f"{day} BETWEEN toDate({first}) AND toDate({last})"
        f" AND version = transform(toInt64(toRelativeDayNum({day})), {numbers}, {versions}, 0)"
    )
