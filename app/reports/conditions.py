"""Conditions that say which clicks a statement reads, and its parameters.

Rule 1: PREWHERE, which comes before FINAL, asks only about the key: code and time. What a filter
        asks stands in WHERE, which comes after it, or an older row would come back.
Rule 2: what a person typed goes in as a parameter; SQL is put together from text of ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.reports.filters import Condition, Every, Filter, Not, Some
from app.reports.period import Period
from app.sums.computation import DIMENSIONS
from app.times import EPOCH

Parameter = str | int | list[str] | list[int]

#: SQL of each dimension: of those that closed days are summed by, and of the others.
COLUMNS: dict[str, str] = {
    **DIMENSIONS,
    "link": "short_code",
    "referrer_url": "referrer",
    # A number tells nothing without its name.
    "browser_version": "trim(concat(browser, ' ', browser_version))",
    "os_version": "trim(concat(os, ' ', os_version))",
    **{
        name: name
        for name in (
            *("user_agent", "geo_version", "referrer_domain", "click_ids"),
            *("reasons", "rules_version", "data_version"),
            *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
            *("region", "city", "asn", "second_country"),
        )
    },
}
#: Parts that ClickHouse looks for at once.
_MOST_PARTS = 255
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with places for its parameters, ``{name:Type}``."""

    text: str
    parameters: dict[str, Parameter]


@dataclass(slots=True)
class Parameters:
    """Parameters that were given so far."""

    values: dict[str, Parameter] = field(default_factory=dict)

    def place(self, value: Parameter, type_: str) -> str:
        """Return the place of a new parameter in a text."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{type_}}}"

    def moment(self, time: datetime) -> str:
        """Return a time as clicks have it."""
        return f"fromUnixTimestamp64Milli({self.place(milliseconds(time), 'Int64')})"


def milliseconds(time: datetime) -> int:
    """Return a time in Unix milliseconds.

    Rounded up: a click is kept to the millisecond, and one before the bound stays before it.
    """
    return -((EPOCH - time) // _MILLISECOND)


def clause(word: str, *conditions: str) -> str:
    """Return a clause with those conditions that there are, nothing without any."""
    wanted = [each for each in conditions if each]
    return f"{word} {' AND '.join(wanted)}" if wanted else ""


def scope(parameters: Parameters, codes: Sequence[str] | None) -> str:
    """Return the condition of the links' clicks; nothing for all links."""
    if codes is None:
        return ""
    if len(codes) == 1:
        return f"short_code = {parameters.place(codes[0], 'String')}"
    return f"short_code IN {parameters.place(list(codes), 'Array(String)')}"


def within(parameters: Parameters, period: Period) -> str:
    """Return the condition of a period's clicks; nothing for all."""
    bounds = []
    if period.since is not None:
        bounds.append(f"time >= {parameters.moment(period.since)}")
    if period.until is not None:
        bounds.append(f"time < {parameters.moment(period.until)}")
    return f"({' AND '.join(bounds)})" if bounds else ""


def within_any(parameters: Parameters, periods: Sequence[Period]) -> str:
    """Return the condition of clicks of any of some periods; nothing for all."""
    if not periods:
        return "0"
    found = [within(parameters, period) for period in periods]
    if not all(found):
        return ""
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})"


def matching(parameters: Parameters, wanted: Filter) -> str:
    """Return the condition of a filter."""
    match wanted:
        case Condition():
            return _condition(parameters, wanted)
        case Not(inner):
            return f"NOT {matching(parameters, inner)}"
        case Every(filters):
            return f"({' AND '.join(matching(parameters, each) for each in filters)})"
        case Some(filters):
            return f"({' OR '.join(matching(parameters, each) for each in filters)})"


def _condition(parameters: Parameters, condition: Condition) -> str:
    column, values = COLUMNS[condition.dimension], list(condition.values)
    if condition.operator in ("=", "!="):
        found = f"{column} IN {parameters.place(values, 'Array(String)')}"
    else:
        found = _containing(parameters, column, values)
    return f"(NOT ({found}))" if condition.operator.startswith("!") else f"({found})"


def _containing(parameters: Parameters, column: str, parts: list[str]) -> str:
    """Return the condition of texts that contain any of some parts, whatever the case."""
    if "" in parts:
        return "1"
    # Of a column with few values, ClickHouse looks at each value once, and not at each row.
    places = (
        parameters.place(parts[first : first + _MOST_PARTS], "Array(String)")
        for first in range(0, len(parts), _MOST_PARTS)
    )
    return " OR ".join(f"multiSearchAnyCaseInsensitiveUTF8({column}, {each})" for each in places)
