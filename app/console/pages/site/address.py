"""Address of a page: everything that is shown stands in its parameters, and each link changes some.

An address never has a parameter that says what holds anyway, so that two people who look at the
same see the same address.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode

#: A parameter that is there more often than this is no filter of a person's.
_MOST = 100


@dataclass(frozen=True, slots=True)
class Address:
    """A path and its parameters, in the order of the URL."""

    path: str
    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, path: str, query_string: str) -> "Address":
        """Return the address of a request; parameters without a text say nothing."""
        pairs = parse_qsl(query_string, keep_blank_values=False, errors="replace")
        return cls(path, tuple(pairs[:_MOST]))

    def first(self, name: str, default: str = "") -> str:
        """Return a parameter's text."""
        return next((text for each, text in self.pairs if each == name), default)

    def all(self, name: str) -> list[str]:
        """Return the texts of a parameter that may be there several times."""
        return list(dict.fromkeys(text for each, text in self.pairs if each == name))

    def with_(self, **texts: str | None) -> "Address":
        """Return it with other texts of parameters; None takes one away."""
        kept = [(name, text) for name, text in self.pairs if name not in texts]
        added = [(name, text) for name, text in texts.items() if text]
        return replace(self, pairs=(*kept, *added))

    def toggled(self, name: str, text: str) -> "Address":
        """Return it with one text of a parameter more, or without it if it is there."""
        if (name, text) in self.pairs:
            return replace(self, pairs=tuple(pair for pair in self.pairs if pair != (name, text)))
        return replace(self, pairs=(*self.pairs, (name, text)))

    def only(self, names: Iterable[str], path: str | None = None) -> "Address":
        """Return it with no other parameters than these, perhaps of another page."""
        kept = tuple(pair for pair in self.pairs if pair[0] in names)
        return Address(self.path if path is None else path, kept)

    def __str__(self) -> str:
        """Return it as a link has it."""
        if not self.pairs:
            return self.path
        return f"{self.path}?{urlencode(self.pairs, quote_via=quote, safe='/:,~')}"
