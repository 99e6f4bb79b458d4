"""Parameters of a URL that a request has given, of which all that is wrong is named at once."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from app.console.api.problem import InvalidParameter

Value = TypeVar("Value")
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


class Given:
    """Parameters, each read once; what can't be used is noted until all are read.

    Args:
        params: as the request has them.
        names: that there can be.

    Attributes:
        texts: those that are there once, by name.
        faults: what is wrong, by name.
    """

    def __init__(self, params: Mapping[str, str | list[str]], names: Collection[str]) -> None:
        self.texts = {name: text for name, text in params.items() if isinstance(text, str)}
        self.faults = {
            name: f"is none of {', '.join(names)}" for name in params if name not in names
        }
        self.faults |= {
            name: "is there more than once" for name in params if name not in self.texts
        }

    def read(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """Return what a parameter says.

        Args:
            parse: raises ValueError, whose text says what is wrong.
        """
        if name not in self.texts:
            return default
        try:
            return parse(self.texts[name])
        except ValueError as error:
            self.faults[name] = str(error)
            return default

    def require(self) -> None:
        """Go on only if nothing was wrong.

        Raises:
            InvalidParameter: naming all that was.
        """
        if self.faults:
            first = next(iter(self.faults))
            raise InvalidParameter(first, self.faults[first], self.faults)


def whole_number(most: int) -> Callable[[str], int]:
    """Return what reads a whole number from 1 to another."""

    def read(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
            raise ValueError(f"{text[:20]!r} is no whole number from 1 to {most}")
        return int(text)

    return read
