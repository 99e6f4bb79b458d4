"""What PromQL expressions refer to: metrics, and the values of labels that they ask for."""

import re
from collections.abc import Iterator
from typing import NamedTuple

#: A metric's name with the selectors behind it. Ours begin with hopline; a colon is a recording's.
_SELECTOR = re.compile(r"\b(hopline[a-z0-9_:]*|up|ALERTS)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


class Matcher(NamedTuple):
    """What a selector asks of one label; ``is_pattern`` where by regular expression."""

    label: str
    value: str
    is_pattern: bool


class Selector(NamedTuple):
    """A metric of an expression, and what is asked of its labels."""

    name: str
    matchers: tuple[Matcher, ...]


def selectors(expression: str) -> Iterator[Selector]:
    """Yield what an expression selects."""
    # Grouping and label arguments name labels, not metrics; none of ours is called as a metric.
    for name, inside in _SELECTOR.findall(expression):
        matchers = (
            Matcher(label, value, "~" in operator)
            for label, operator, value in _MATCHER.findall(inside)
        )
        yield Selector(name, tuple(matchers))
