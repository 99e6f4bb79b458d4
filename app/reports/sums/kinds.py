"""Kinds of clicks, people's and bots', that a filter keeps: all that sums can tell of filters."""

from typing import Literal, get_args

from app.reports.filters import Condition, Every, Filter, Not, Some

Kind = Literal["person", "bot"]

BOTH: frozenset[Kind] = frozenset(get_args(Kind))


def kinds_kept(wanted: Filter | None) -> frozenset[Kind] | None:
    """Return the kinds of clicks that a filter keeps, all clicks of each.

    Returns:
        None where it asks for anything else, which only the rows themselves tell.
    """
    if wanted is None:
        return BOTH
    if not _is_about_kinds(wanted):
        return None
    return frozenset(kind for kind in BOTH if _keeps(wanted, kind))


def _is_about_kinds(wanted: Filter) -> bool:
    match wanted:
        case Condition(dimension, operator, _):
            return dimension == "kind" and operator in ("=", "!=")
        case Not(inner):
            return _is_about_kinds(inner)
        case Every(filters) | Some(filters):
            return all(map(_is_about_kinds, filters))


def _keeps(wanted: Filter, kind: Kind) -> bool:
    match wanted:
        case Condition(_, operator, values):
            return (kind in values) == (operator == "=")
        case Not(inner):
            return not _keeps(inner, kind)
        case Every(filters):
            return all(_keeps(each, kind) for each in filters)
        case Some(filters):
            return any(_keeps(each, kind) for each in filters)
