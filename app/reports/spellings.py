"""Spellings of a query: parameters of a URL, options of `hopline`, and SQL to copy.

URL and options have the same names and texts, of which :func:`read` makes the query; what is as by
default is left out. :mod:`app.reports.json_form` is the fourth spelling. Each is read back as the
same query, and the SQL returns what the query is answered by.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

from app.reports.conditions import Parameter, Statement
from app.reports.filters import DIMENSIONS, BadFilter, Dimension, Filter, join, parse, write
from app.reports.query import (
    DEFAULT_BY,
    DEFAULT_LIMIT,
    DEFAULTS,
    METRICS,
    BadQuery,
    Comparison,
    Interval,
    Metric,
    Order,
    Preset,
    Query,
    Week,
    read_name,
    read_zone,
    utc,
)
from app.times import parse_time

#: What was given for each field, by its name.
Texts = Mapping[str, Sequence[str]]

NAMES = (
    "code",
    "tag",
    "period",
    "since",
    "until",
    "tz",
    "week",
    "compare",
    "interval",
    "by",
    "filter",
    "metrics",
    "order",
    "limit",
)
#: What is wrong with which field.
Faults = Mapping[str, str]
NO_FAULTS: Faults = MappingProxyType({})
#: Where to ask about one link, and about several or all.
LINK_PATH, PATH = "/api/v1/links/{code}/stats", "/api/v1/stats"

#: What stands for no breakdown at all.
_NOTHING = "none"

_PLACE = re.compile(r"\{(\w+):([\w()]+)\}")
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
#: What ends a literal or can't be seen in it.
_SPECIAL = re.compile(r"['\\\x00-\x1f]")


def read(
    texts: Texts, now: datetime, *, names: Sequence[str] = NAMES, faults: Faults = NO_FAULTS
) -> Query:
    """Return the query that someone spelled.

    Args:
        texts: of several filters, all have to hold; names may also stand between commas.
        now: what amounts such as ``7d`` count back from.
        names: of the fields that may be given.
        faults: found before, of fields that are not among the texts.

    Raises:
        BadQuery: it can't be read; says which fields are to blame, and why.
    """
    found = dict(faults)
    for name in texts:
        if name not in names:
            found[name] = f"there are only {', '.join(names)}"
    values: dict[str, Any] = {"codes": tuple(dict.fromkeys(texts.get("code", ())))}
    zone = _zone(texts, found)
    values["tz"] = zone.key
    for field, read_field in _READERS.items():
        try:
            values[field] = read_field(texts, now, zone)
        except BadQuery as error:
            found.setdefault(error.field, str(error))
    if found:
        raise BadQuery.of(found)
    return Query(**values)


def spell(query: Query) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each field that is not as by default."""
    for code in query.codes:
        yield "code", code
    texts = {
        "tag": query.tag,
        "since": utc(query.since) if query.since else "",
        "until": utc(query.until) if query.until else "",
        "filter": write(query.filter) if query.filter else "",
        "by": ",".join(query.by) or _NOTHING,
        "metrics": ",".join(query.metrics),
    }
    for name in NAMES[1:]:
        if getattr(query, name) != DEFAULTS[name]:
            yield name, texts.get(name) or str(getattr(query, name))


def to_url(query: Query) -> str:
    """Return the path and the parameters that ask the console."""
    texts = list(spell(query))
    path = PATH
    if len(query.codes) == 1:
        path = LINK_PATH.format(code=quote(query.codes[0], safe=""))
        del texts[0]
    return f"{path}?{urlencode(texts, quote_via=quote)}" if texts else path


def read_parameters(query_string: str) -> dict[str, list[str]]:
    """Return what a URL's parameters give for each field."""
    texts: dict[str, list[str]] = {}
    for name, text in parse_qsl(query_string, keep_blank_values=True):
        texts.setdefault(name, []).append(text)
    return texts


def to_command(query: Query) -> str:
    """Return the command line that asks."""
    options = [
        word
        for name, text in spell(query)
        for word in ([text] if name == "code" else [f"--{name}={text}"])
    ]
    scope = ["--all"] if query.is_whole else []
    return shlex.join(("hopline", "stats", *scope, *options))


def to_sql(statement: Statement) -> str:
    """Return a statement to be copied: with literals in the places of its parameters.

    Hopline itself never sends it; see :class:`app.reports.conditions.Statement`.
    """

    def literal(place: re.Match[str]) -> str:
        return _literal(statement.parameters[place[1]], place[2])

    lines = (line for line in statement.text.split("\n") if line)
    return _PLACE.sub(literal, "\n".join(lines))


def _one(texts: Texts, name: str) -> str | None:
    given = texts.get(name, ())
    if len(given) > 1:
        raise BadQuery(name, "give it once")
    return given[0] if given else None


def _zone(texts: Texts, faults: dict[str, str]) -> ZoneInfo:
    """Return the zone, or that by default where a fault says why it isn't one."""
    try:
        given = _one(texts, "tz")
        return read_zone(DEFAULTS["tz"] if given is None else given)
    except BadQuery as error:
        faults["tz"] = str(error)
        return read_zone(DEFAULTS["tz"])


# Any: which names there are is the caller's to say.
def _choice(texts: Texts, name: str, names: tuple[Any, ...]) -> Any:
    text = _one(texts, name)
    return DEFAULTS[name] if text is None else read_name(name, text, names)


def _time(texts: Texts, name: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    text = _one(texts, name)
    try:
        return None if text is None else parse_time(text, now, zone=zone)
    except ValueError as error:
        raise BadQuery(name, str(error)) from None


def _several(texts: Texts, name: str) -> list[str]:
    return [word.strip() for text in texts.get(name, ()) for word in text.split(",")]


def _dimensions(texts: Texts) -> tuple[Dimension, ...]:
    words = _several(texts, "by")
    if words == [_NOTHING]:
        return ()
    found = dict.fromkeys(read_name("by", word, DIMENSIONS) for word in words)
    return tuple(found) or DEFAULT_BY


def _metrics(texts: Texts) -> tuple[Metric, ...]:
    found = {read_name("metrics", word, METRICS) for word in _several(texts, "metrics")}
    return tuple(metric for metric in METRICS if metric in found) or METRICS


def _filter(texts: Texts) -> Filter | None:
    try:
        return join([parse(text) for text in texts.get("filter", ())])
    except BadFilter as error:
        raise BadQuery("filter", str(error)) from None


def _limit(texts: Texts) -> int:
    text = _one(texts, "limit")
    if text is None:
        return DEFAULT_LIMIT
    # What has more digits is too much, and not worth the time to read it.
    return int(text) if _DIGITS.fullmatch(text) else 0


def _literal(value: Parameter, type_: str) -> str:
    if isinstance(value, str):
        return "'" + _SPECIAL.sub(lambda found: f"\\x{ord(found[0]):02x}", value) + "'"
    if isinstance(value, int):
        return str(value)
    return f"[{', '.join(_literal(each, type_) for each in value)}]::{type_}"


def _choosing(name: str, names: tuple[Any, ...]) -> "_Reader":
    return lambda texts, _now, _zone: _choice(texts, name, names)


_Reader = Callable[[Texts, datetime, ZoneInfo], Any]
#: How each field is read, but for the codes and the time zone.
_READERS: Mapping[str, _Reader] = {
    "tag": lambda texts, _now, _zone: _one(texts, "tag") or "",
    "period": _choosing("period", get_args(Preset)),
    "since": lambda texts, now, zone: _time(texts, "since", now, zone),
    "until": lambda texts, now, zone: _time(texts, "until", now, zone),
    "week": _choosing("week", get_args(Week)),
    "compare": _choosing("compare", get_args(Comparison)),
    "interval": _choosing("interval", get_args(Interval)),
    "by": lambda texts, _now, _zone: _dimensions(texts),
    "filter": lambda texts, _now, _zone: _filter(texts),
    "metrics": lambda texts, _now, _zone: _metrics(texts),
    "order": _choosing("order", get_args(Order)),
    "limit": lambda texts, _now, _zone: _limit(texts),
}
