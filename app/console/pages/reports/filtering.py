"""Filters of a page: chips that can be taken away, and links that set them.

Each condition is one parameter ``filter`` of the address, written as :mod:`app.reports.filters`
does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.console.pages.site.address import Address
from app.console.pages.site.words import DIMENSION_NAMES, value_name
from app.reports.filters import (
    DIMENSIONS,
    BadFilter,
    Condition,
    Dimension,
    Filter,
    Operator,
    join,
    parse,
    write,
)
from app.reports.query import BadQuery, read_name

NAME = "filter"
OPERATORS: dict[Operator, str] = {
    "=": "is",
    "!=": "is not",
    "~": "contains",
    "!~": "does not contain",
}
#: What may be chosen in the form that adds a filter.
CHOICES: tuple[Dimension, ...] = (
    *("country", "city", "language", "source", "channel", "referrer", "utm_source", "utm_medium"),
    *("utm_campaign", "device", "browser", "os", "bot", "verdict", "kind", "link", "target", "asn"),
)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the address without it."""

    text: str
    without: Address


def read_filters(address: Address) -> Filter | None:
    """Return which clicks an address asks about, None for all.

    Raises:
        BadQuery: a filter can't be read.
    """
    try:
        return join([parse(text) for text in address.all(NAME)])
    except BadFilter as error:
        raise BadQuery(NAME, str(error)) from None


def chips(address: Address) -> list[Chip]:
    """Return the filters of an address, also those that can't be read."""
    return [Chip(_told(text), address.toggled(NAME, text)) for text in address.all(NAME)]


def toggled(address: Address, dimension: Dimension, value: str) -> tuple[Address, bool]:
    """Return an address with a value's filter added or taken away, and whether it is set now."""
    text = write(Condition(dimension, "=", (value,)))
    return address.toggled(NAME, text), text in address.all(NAME)


def added(address: Address) -> Address | None:
    """Return the address that the form for a further filter means; None where it wasn't sent.

    Raises:
        BadQuery: what was chosen is no filter.
    """
    if not address.first("dimension"):
        return None
    dimension = read_name("dimension", address.first("dimension"), DIMENSIONS)
    operator = read_name("operator", address.first("operator", "="), tuple(OPERATORS))
    values: Sequence[str] = [each.strip() for each in address.first("value").split(",")]
    text = write(Condition(dimension, operator, tuple(values)))
    plain = address.with_(dimension=None, operator=None, value=None)
    return plain if text in plain.all(NAME) else plain.toggled(NAME, text)


def _told(text: str) -> str:
    """Return a filter as people say it; one of several conditions as it is written."""
    try:
        found = parse(text)
    except BadFilter:
        return text
    if not isinstance(found, Condition):
        return text
    values = " or ".join(value_name(value, found.dimension) for value in found.values)
    name = DIMENSION_NAMES.get(found.dimension, found.dimension)
    return f"{name} {OPERATORS[found.operator]} {values}"
