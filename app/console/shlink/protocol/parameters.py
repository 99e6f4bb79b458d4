"""Parameters of a URL as Shlink's clients write them: lists as ``tags[]``, times, flags, pages."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import falcon

from app.console.shlink.protocol.problems import InvalidData
from app.times import EPOCH, parse_moment

#: Longest text that is looked for.
MAX_TEXT = 200
#: What stands in ``itemsPerPage`` for all there are.
_ALL = -1
_NUMBER = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_ORDERED = re.compile(r"orderBy\[(\w+)\]", re.ASCII)
_NO = ("", "0", "false")
#: Times that clients send have whole seconds, and the last one belongs to the period.
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Numbering:
    """Which page is asked for.

    Attributes:
        page: from 1.
        size: most items of a page.
    """

    page: int
    size: int

    @property
    def skipped(self) -> int:
        """How many items come before the page."""
        return (self.page - 1) * self.size

    def describe(self, shown: int, total: int, within: int | None = None) -> dict[str, int]:
        """Return Shlink's pagination object.

        Args:
            shown: items on this page.
            total: items there are.
            within: of which so many, the newest, can be had; None for all.
        """
        pages = ceil((total if within is None else min(total, within)) / self.size)
        bound = {} if within is None or total <= within else {"bound": within}
        return {
            "currentPage": self.page,
            "pagesCount": pages,
            "itemsPerPage": self.size,
            "itemsInCurrentPage": shown,
            "totalItems": total,
            **bound,
        }


class Parameters:
    """Reads the parameters of a request; :meth:`require` names all that can't be used.

    Unknown ones are ignored, and of one that is there twice the last counts, as with Shlink.
    """

    def __init__(self, req: falcon.Request) -> None:
        self._params = req.params
        self.faults: dict[str, str] = {}

    def require(self) -> None:
        """Require that all were of use.

        Raises:
            InvalidData: naming those that weren't.
        """
        if self.faults:
            raise InvalidData(self.faults)

    def text(self, name: str) -> str:
        """Return a text, '' where it isn't there."""
        given: Any = self._params.get(name, "")
        text: str = given[-1] if isinstance(given, list) else given
        if len(text) > MAX_TEXT:
            self.faults[name] = f"it has {len(text)} characters, at most {MAX_TEXT} will do"
        return text

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list: ``name[]=a&name[]=b``, ``name[0]=a`` or ``name=a``."""
        pattern = re.compile(rf"{re.escape(name)}(?:\[[0-9]*\])?")
        found: list[str] = []
        for key, value in self._params.items():
            if pattern.fullmatch(key):
                found += value if isinstance(value, list) else [value]
        return [text for text in found if text]

    def flag(self, name: str) -> bool:
        """Return whether a flag is set, by whatever but a word for no."""
        return self.text(name).lower() not in _NO

    def choice(self, name: str, choices: Collection[str]) -> str:
        """Return one of some words, the first where nothing is said."""
        given = self.text(name)
        if given and given not in choices:
            self.faults[name] = f"{given!r} is none of {', '.join(choices)}"
        return given or next(iter(choices))

    def order(self, orders: Collection[str]) -> str:
        """Return ``orderBy`` as FIELD-ASC; older clients write ``orderBy[FIELD]=ASC``."""
        for key, way in self._params.items():
            if found := _ORDERED.fullmatch(key):
                self._params = {**self._params, "orderBy": f"{found[1]}-{way}"}
        order = self.choice("orderBy", orders)
        return order if "-" in order else f"{order}-ASC"

    def numbering(self, *, size: int, most: int) -> Numbering:
        """Return which page is asked for.

        Args:
            size: of a page where nothing is said.
            most: items of a page; who asks for all, or for more, gets so many.
        """
        page = self._number("page", 1)
        asked = self._number("itemsPerPage", size)
        if asked == 0:
            self.faults["itemsPerPage"] = "a page of nothing is none"
        return Numbering(max(page, 1), most if asked <= _ALL else min(max(asked, 1), most))

    def since(self) -> datetime | None:
        """Return ``startDate``."""
        return self._moment("startDate")

    def until(self) -> datetime | None:
        """Return the first moment behind ``endDate``."""
        end = self._moment("endDate")
        return end + _SECOND if end else None

    def _number(self, name: str, default: int) -> int:
        given = self.text(name)
        if not given:
            return default
        if not _NUMBER.fullmatch(given):
            self.faults[name] = f"{given!r} is no whole number"
            return default
        return int(given)

    def _moment(self, name: str) -> datetime | None:
        given = self.text(name)
        try:
            # In a URL that wasn't encoded, the + of a time zone has become a blank.
            return parse_moment(given.replace(" ", "+"), EPOCH) if given else None
        except ValueError as error:
            self.faults[name] = str(error)
            return None


def written(time: datetime) -> str:
    """Return a time as Shlink writes it: with seconds, and its difference from UTC."""
    return time.astimezone(UTC).isoformat(timespec="seconds")
