"""Bodies that make or change short URLs, read as options of links.

Rule: what Shlink ignores is ignored: names that it doesn't know, and those that it no longer heeds.
      What it would do and we can't is refused by name, so that nobody believes it is done. What a
      value may be is checked where links are made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import falcon

from app.console.api.body import BadBody, BodyTooLarge, read_json
from app.console.shlink.protocol.problems import FIELDS, InvalidData, ShlinkProblem
from app.links import codes
from app.links.validation import truth, whole_number
from app.times import EPOCH, parse_moment

#: Least characters of a code that is made up, as with Shlink.
_SHORTEST = 4
#: Our options that take a value as it is, by Shlink's names.
_OPTIONS: Mapping[str, str] = {
    **{FIELDS[option]: option for option in ("target", "expires_at", "click_limit")},
    "title": "title",
    "tags": "tags",
}
#: What null stands for where it takes a value away.
_NOTHING: Mapping[str, object] = {"title": "", "tags": ()}


@dataclass(frozen=True, slots=True)
class Creation:
    """A link that shall be made.

    Attributes:
        options: of links, not checked yet.
        code: the chosen code, or None.
        length: of a code that is made up, None for the usual one.
        is_found: whether one that is there already will do.
        given: names of the options that the body names.
    """

    options: Mapping[str, object]
    code: str | None
    length: int | None
    is_found: bool
    given: tuple[str, ...]

    @property
    def is_plain(self) -> bool:
        """Whether nothing is said of it but where it leads."""
        return self.code is None and self.length is None and self.given == ("target",)


def read_body(req: falcon.Request) -> dict[str, Any]:
    """Return the JSON object that a request carries, whatever type it says that it has.

    Raises:
        ShlinkProblem: it is none.
    """
    try:
        found = read_json(req)
    except BodyTooLarge as error:
        raise falcon.HTTPContentTooLarge(description=f"The body {error.detail}.") from None
    except BadBody as error:
        subject = f"The field {error.field!r}" if error.field else "The body"
        raise ShlinkProblem("malformed-request-body", f"{subject} {error.detail}.") from None
    if not isinstance(found, dict):
        raise ShlinkProblem("malformed-request-body", "The body is no JSON object.")
    return found


def read_creation(
    body: Mapping[str, Any], now: datetime, is_ours: Callable[[object], bool]
) -> Creation:
    """Return what a body asks to be made.

    Args:
        is_ours: tells whether a domain is the one that links have.

    Raises:
        InvalidData: naming what can't be done.
    """
    given = {name: value for name, value in body.items() if value is not None}
    faults = _undoable(given, now)
    if not is_ours(given.get("domain")):
        faults["domain"] = "short URLs are made in one domain alone"
    if given.get("pathPrefix"):
        faults["pathPrefix"] = "codes have no prefix"
    reader = _Reader(given, faults)
    code = reader.value("customSlug", _slug, None)
    length = reader.value("shortCodeLength", _length, None)
    is_found = reader.value("findIfExists", truth, False)
    if "longUrl" not in given:
        faults["longUrl"] = "it is missing: say where the short URL leads"
    if faults:
        raise InvalidData(faults)
    options = _options(given)
    # As with Shlink, where clients leave out what is false.
    options.setdefault("forward_query", True)
    return Creation(options, code, length, is_found, tuple(_options(given)))


def read_edition(body: Mapping[str, Any], now: datetime) -> dict[str, object]:
    """Return the options that a body asks to be changed.

    Raises:
        InvalidData: naming what can't be done.
    """
    if faults := _undoable(body, now):
        raise InvalidData(faults)
    return _options(body)


class _Reader:
    """Reads values, and notes what is wrong with which."""

    def __init__(self, given: Mapping[str, Any], faults: dict[str, str]) -> None:
        self._given = given
        self._faults = faults

    def value(self, name: str, read: Callable[[object], Any], default: Any) -> Any:
        if name not in self._given:
            return default
        try:
            return read(self._given[name])
        except ValueError as error:
            self._faults[name] = str(error)
            return default


def _options(given: Mapping[str, Any]) -> dict[str, object]:
    options: dict[str, object] = {
        option: _NOTHING.get(name) if given[name] is None else given[name]
        for name, option in _OPTIONS.items()
        if name in given
    }
    if given.get("forwardQuery") is not None:
        options["forward_query"] = given["forwardQuery"]
    return options


def _undoable(given: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """Return what a body asks for that links don't have."""
    faults: dict[str, str] = {}
    if given.get("crawlable"):
        faults["crawlable"] = "short URLs are kept out of search engines, all of them"
    if given.get("deviceLongUrls"):
        faults["deviceLongUrls"] = "short URLs lead everybody to the same place"
    if (since := given.get("validSince")) is not None:
        try:
            if parse_moment(since, EPOCH) > now:
                faults["validSince"] = "short URLs work from when they are made"
        except ValueError as error:
            faults["validSince"] = str(error)
    return faults


def _slug(value: object) -> str:
    """Read a chosen code; blanks become hyphens, as with Shlink."""
    slug = "-".join(value.split()) if isinstance(value, str) else ""
    if not codes.is_valid(slug):
        raise ValueError(f"{value!r} can't be one: {codes.EXPECTED}")
    return slug


def _length(value: object) -> int:
    return whole_number(value, _SHORTEST, codes.MAX_LENGTH)
