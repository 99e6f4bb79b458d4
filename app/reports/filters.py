"""Filters that say which clicks count, and how they are written.

As text: ``country=DE,AT and not (browser~chrome or target!="https://example.com/a b")``. A
condition names a dimension, how it is compared, and one or several values, any of which will do;
a value with blanks, commas, brackets or quotes stands in double quotes, where a backslash stands
before a quote or another backslash. ``and`` binds closer than ``or``.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

Dimension = Literal[
    "country",
    "browser",
    "os",
    "device",
    "referrer",
    "bot",
    "language",
    "target",
    "link",
    "host",
    "kind",
    "referrer_url",
    "user_agent",
    "geo_version",
    "source",
    "channel",
    "referrer_domain",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "click_ids",
    "region",
    "city",
    "asn",
    "second_country",
    "verdict",
    "reasons",
    "rules_version",
    "data_version",
    "browser_version",
    "os_version",
]
#: ``~`` asks whether a value is contained, whatever its case.
Operator = Literal["=", "!=", "~", "!~"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
MAX_CONDITIONS = 100
MAX_VALUES = 1000
MAX_DEPTH = 20

_OPERATORS: tuple[Operator, ...] = ("!=", "!~", "=", "~")
_BLANKS = re.compile(r"\s*")
_WORD = re.compile(r"\w+")
_BARE = re.compile(r'[^\s,()"]*')
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_ESCAPE = re.compile(r'(["\\])')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one dimension: any of the values will do, or with ``!`` none."""

    dimension: Dimension
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """Filters that all have to hold."""

    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Filters of which one has to hold."""

    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A filter that must not hold."""

    filter: "Filter"


Filter = Condition | Every | Some | Not


class BadFilter(ValueError):
    """A filter that can't be read; the text says where and what was expected."""


def write(wanted: Filter) -> str:
    """Return a filter as text, which :func:`parse` reads back."""
    match wanted:
        case Condition(dimension, operator, values):
            return f"{dimension}{operator}{','.join(map(_value, values))}"
        case Not(inner):
            return f"not {_inside(inner)}"
        case Every(filters):
            return " and ".join(map(_inside, filters))
        case Some(filters):
            return " or ".join(map(_inside, filters))


def parse(text: str) -> Filter:
    """Return the filter that someone wrote.

    Raises:
        BadFilter: it can't be read, or is too long.
    """
    reader = _Reader(text)
    found = reader.alternatives(0)
    if not reader.is_done():
        raise reader.failure("and, or, or the end")
    return found


def join(filters: list[Filter]) -> Filter | None:
    """Return a filter that holds where all of them do, None for none."""
    if len(filters) < 2:
        return filters[0] if filters else None
    return Every(tuple(filters))


def _inside(inner: Filter) -> str:
    text = write(inner)
    return text if isinstance(inner, Condition | Not) else f"({text})"


def _value(text: str) -> str:
    if text and _BARE.fullmatch(text):
        return text
    return '"' + _ESCAPE.sub(r"\\\1", text) + '"'


class _Reader:
    """Reads a filter from the front; every method goes on where the one before stopped."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._conditions = 0

    def is_done(self) -> bool:
        """Whether nothing but blanks is left to be read."""
        self._skip_blanks()
        return self._at == len(self._text)

    def failure(self, expected: str) -> BadFilter:
        place = "at its end" if self.is_done() else f"at {self._text[self._at :][:20]!r}"
        return BadFilter(f"can't be read {place}: expected {expected}, as in 'country=DE,AT'")

    def alternatives(self, depth: int) -> Filter:
        found = [self._together(depth)]
        while self._takes_word("or"):
            found.append(self._together(depth))
        return found[0] if len(found) == 1 else Some(tuple(found))

    def _together(self, depth: int) -> Filter:
        found = [self._single(depth)]
        while self._takes_word("and"):
            found.append(self._single(depth))
        return found[0] if len(found) == 1 else Every(tuple(found))

    def _single(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise BadFilter(f"has brackets and nots in each other {MAX_DEPTH} deep and more")
        if self._takes_word("not"):
            return Not(self._single(depth + 1))
        if self._takes("("):
            found = self.alternatives(depth + 1)
            if not self._takes(")"):
                raise self.failure("a closing bracket")
            return found
        return self._condition()

    def _condition(self) -> Condition:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise BadFilter(f"has more than {MAX_CONDITIONS} conditions")
        dimension = self._dimension()
        operator = next((each for each in _OPERATORS if self._takes(each)), None)
        if operator is None:
            raise self.failure(f"one of {' '.join(_OPERATORS)} behind {dimension}")
        values = [self._value()]
        while self._takes(","):
            self._skip_blanks()
            values.append(self._value())
            if len(values) > MAX_VALUES:
                raise BadFilter(f"has more than {MAX_VALUES} values for {dimension}")
        return Condition(dimension, operator, tuple(values))

    def _dimension(self) -> Dimension:
        self._skip_blanks()
        found = _WORD.match(self._text, self._at)
        for dimension in DIMENSIONS:
            if found and found[0] == dimension:
                self._at += len(dimension)
                return dimension
        raise self.failure(f"one of {', '.join(DIMENSIONS)}")

    def _value(self) -> str:
        quoted = _QUOTED.match(self._text, self._at)
        if quoted:
            self._at = quoted.end()
            return _ESCAPED.sub(r"\1", quoted[1])
        if self._text.startswith('"', self._at):
            raise self.failure("a closing quote")
        bare = _BARE.match(self._text, self._at)
        self._at += len(bare[0]) if bare else 0
        return bare[0] if bare else ""

    def _takes(self, sign: str) -> bool:
        self._skip_blanks()
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _takes_word(self, word: str) -> bool:
        self._skip_blanks()
        found = _WORD.match(self._text, self._at)
        return bool(found and found[0] == word) and self._takes(word)

    def _skip_blanks(self) -> None:
        blanks = _BLANKS.match(self._text, self._at)
        self._at = blanks.end() if blanks else self._at
