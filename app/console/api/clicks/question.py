"""Question about single clicks, as a URL asks it: which links, which time, which filters.

Its parameters are those of a report as far as they say which clicks count. All that is wrong is
named at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

import falcon

from app.console.api.operation import Parameter
from app.console.api.problem import InvalidParameter
from app.console.api.rights import caller_of
from app.links.store import LinkStore
from app.reports.period import Period, period_of
from app.reports.query import BadQuery, Query
from app.reports.scope import restricted, tagged_codes
from app.reports.spellings import read, read_parameters

#: The parameters that say which clicks are meant.
NAMES = ("code", "tag", "period", "since", "until", "tz", "filter")
PARAMETERS = (
    Parameter(
        "code",
        "query",
        "Only clicks of these links.",
        {"type": "array", "items": {"type": "string"}, "maxItems": 1000},
    ),
    Parameter("tag", "query", "Only clicks of links that carry this tag today."),
    *(
        Parameter(name, "query", "As of reports: see docs/reports.md.")
        for name in ("period", "since", "until", "tz", "filter")
    ),
)

#: What was given for each parameter, by its name.
Texts = dict[str, list[str]]


class Question(NamedTuple):
    """Which clicks somebody asks about.

    Attributes:
        tagged: codes of the links that carry the query's tag.
    """

    query: Query
    period: Period
    tagged: Sequence[str]


class Asked:
    """What a URL asks: its own parameters, and the question.

    Args:
        further: names of parameters beside those of the question.
    """

    def __init__(self, req: falcon.Request, further: Sequence[str]) -> None:
        self.now = datetime.now(UTC)
        self._tags = caller_of(req).tags
        self._names = (*NAMES, *further)
        given = read_parameters(req.query_string)
        self.texts: Texts = {name: given[name] for name in given if name not in further}
        self._own = {name: given[name] for name in given if name in further}
        self._faults: dict[str, str] = {}

    def own(self, name: str) -> str | None:
        """Return a parameter beside the question, None where it isn't there."""
        texts = self._own.get(name, [])
        if len(texts) > 1:
            self.blame(name, "give it once")
        return texts[0] if texts else None

    def chosen(self, name: str, names: Sequence[str]) -> str:
        """Return which of some names a parameter is; the first one, where it isn't there."""
        text = self.own(name)
        if text is not None and text not in names:
            self.blame(name, f"{text!r} is none of {', '.join(names)}")
        return names[0] if text is None else text

    def number(self, name: str, default: int, most: int) -> int:
        """Return a parameter that is a whole number from 1 on."""
        text = self.own(name)
        if text is None:
            return default
        if text.isascii() and text.isdecimal() and len(text) < 7 and 1 <= int(text) <= most:
            return int(text)
        self.blame(name, f"{text!r} is no whole number from 1 to {most}")
        return default

    def blame(self, name: str, fault: str) -> None:
        """Note what is wrong with a parameter."""
        self._faults.setdefault(name, fault)

    def question(self, links: LinkStore) -> Question:
        """Return the question, once the parameters beside it were read.

        Raises:
            InvalidParameter: naming all that can't be used.
            OutOfScope: the caller may not see links with the tag.
            LinkNotFound: nor, or never, this link.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        with naming_parameters():
            query = read(self.texts, self.now, names=self._names, faults=self._faults)
            query = restricted(query, self._tags, links)
            return Question(query, period_of(query, self.now), tagged_codes(query, links))

    @property
    def identity(self) -> list[object]:
        """What tells the question from others: of whom, and in which words it is asked."""
        return [sorted(self.texts.items()), sorted(self._tags)]


@contextmanager
def naming_parameters() -> Iterator[None]:
    """Have a complaint about a query name its parameters.

    Raises:
        InvalidParameter: naming all that can't be used.
    """
    try:
        yield
    except BadQuery as error:
        raise InvalidParameter(error.field, str(error), error.faults) from None


def require_links(question: Question, links: LinkStore) -> None:
    """Check that links exist of which there is no click to be told.

    Raises:
        LinkNotFound: one of them does not.
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    for code in question.query.codes:
        links.get(code)


def address(path: str, texts: Texts) -> str:
    """Return what asks a path with some parameters."""
    return f"{path}?{urlencode(texts, doseq=True)}"
