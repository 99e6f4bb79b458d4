"""JSON form of a query: the names and texts of its URL, but lists, numbers and a filter's tree.

A filter is one of ``{"dimension": "country", "is": ["DE", "AT"]}`` (or ``is_not``, ``contains``,
``contains_not``), ``{"every": [FILTER, …]}``, ``{"some": [FILTER, …]}`` and ``{"not": FILTER}``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.reports.filters import (
    DIMENSIONS,
    MAX_DEPTH,
    BadFilter,
    Condition,
    Every,
    Filter,
    Not,
    Operator,
    Some,
    parse,
    write,
)
from app.reports.query import BadQuery, Query, read_name
from app.reports.spellings import read, spell

_WORDS: dict[Operator, str] = {
    "=": "is",
    "!=": "is_not",
    "~": "contains",
    "!~": "contains_not",
}
_OPERATORS = {word: operator for operator, word in _WORDS.items()}
_EXPECTED = (
    f"expected an object with dimension and one of {', '.join(_OPERATORS)}, or with every, some or"
    " not"
)


def to_json(query: Query) -> dict[str, Any]:
    """Return a query's JSON form; what is as by default is left out."""
    found: dict[str, Any] = dict(spell(query))
    found.pop("code", None)
    if query.codes:
        found["code"] = list(query.codes)
    if "limit" in found:
        found["limit"] = query.limit
    if "by" in found:
        found["by"] = list(query.by)
    if "metrics" in found:
        found["metrics"] = list(query.metrics)
    if query.filter:
        found["filter"] = _filter(query.filter)
    return found


def from_json(value: object, now: datetime) -> Query:
    """Return the query of a JSON form.

    Args:
        value: as a JSON parser returns it.
        now: what amounts such as ``7d`` count back from.

    Raises:
        BadQuery: it can't be read; says which fields are to blame, and why.
    """
    if not isinstance(value, Mapping):
        raise BadQuery("query", "expected a JSON object")
    texts: dict[str, list[str]] = {}
    faults: dict[str, str] = {}
    for name, given in value.items():
        try:
            texts[name] = _as_texts(name, given)
        except BadQuery as error:
            faults[error.field] = str(error)
    if texts.get("by") == []:
        texts["by"] = ["none"]
    return read(texts, now, faults=faults)


def _as_texts(name: str, given: object) -> list[str]:
    """Return the texts that spell a field."""
    if name == "filter":
        return [write(_read_filter(given))]
    values = given if isinstance(given, list) else [given]
    kind = int if name == "limit" else str
    if not all(isinstance(each, kind) and not isinstance(each, bool) for each in values):
        expected = "a number" if kind is int else "text or a list of texts"
        raise BadQuery(name, f"expected {expected}")
    return [str(each) for each in values]


def _filter(wanted: Filter) -> dict[str, Any]:
    match wanted:
        case Condition(dimension, operator, values):
            return {"dimension": dimension, _WORDS[operator]: list(values)}
        case Not(inner):
            return {"not": _filter(inner)}
        case Every(filters):
            return {"every": [_filter(each) for each in filters]}
        case Some(filters):
            return {"some": [_filter(each) for each in filters]}


def _read_filter(value: object) -> Filter:
    try:
        # What the text refuses is refused here, too: too many conditions, or none.
        return parse(write(_tree(value, 0)))
    except BadFilter as error:
        raise BadQuery("filter", str(error)) from None


def _tree(value: object, depth: int) -> Filter:
    if depth > MAX_DEPTH or not isinstance(value, Mapping):
        raise BadFilter(_EXPECTED)
    match dict(value):
        case {"every": list(inner), **rest} if inner and not rest:
            return Every(tuple(_tree(each, depth + 1) for each in inner))
        case {"some": list(inner), **rest} if inner and not rest:
            return Some(tuple(_tree(each, depth + 1) for each in inner))
        case {"not": inner, **rest} if not rest:
            return Not(_tree(inner, depth + 1))
        case {"dimension": str(name), **rest} if len(rest) == 1:
            return _condition(name, *next(iter(rest.items())))
    raise BadFilter(_EXPECTED)


def _condition(name: str, word: object, values: object) -> Condition:
    given = [values] if isinstance(values, str) else values
    if word not in _OPERATORS or not isinstance(given, list) or not given:
        raise BadFilter(_EXPECTED)
    if not all(isinstance(each, str) for each in given):
        raise BadFilter(_EXPECTED)
    dimension = read_name("filter", name, DIMENSIONS)
    return Condition(dimension, _OPERATORS[str(word)], tuple(given))
