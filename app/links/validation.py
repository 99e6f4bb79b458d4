"""Validation that checks every option of a link in one place, whoever gives it.

The command, import files and the console all hand over plain values, as text or as JSON holds
them, and get back what a :class:`app.links.link.Link` holds.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from app.http.urls import InvalidUrl
from app.links.link import REDIRECT_STATUSES
from app.links.targets import check_target
from app.times import parse_moment

#: What is said of an option that no link has.
UNKNOWN = "links have no such option"
MAX_TITLE = 200
MAX_TAG = 50
MAX_TAGS = 20
MAX_CACHE_CONTROL = 200
MAX_CLICK_LIMIT = 10**12
#: Unix seconds of the year 10000, the first that ISO 8601 can't write.
_END_OF_TIME = 253_402_300_800
#: With what spreadsheets in other languages make of true and false when they save a table.
_YES = (
    *("true", "yes", "on", "1", "1.0", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar"),
    *("prawda", "sant", "sand", "sann", "tosi", "pravda", "igaz", "adevărat", "истина", "doğru"),
)
_NO = (
    *("false", "no", "off", "0", "0.0", "", "falsch", "faux", "falso", "onwaar", "fałsz", "falskt"),
    *("falsk", "usann", "epätosi", "nepravda", "hamis", "fals", "ложь", "yanliş"),
)
_NONE = ("", "none", "never")
_NUMBER = re.compile(r"[0-9]{1,15}(?:[.,][0-9]{1,15})?(?:[eE]\+?[0-9]{1,2})?", re.ASCII)
#: Blanks and apostrophes between groups of three digits, which nobody takes for a decimal sign.
_GROUPS = re.compile(r"(?<=[0-9])[ \u00a0\u2009\u202f'\u2019](?=[0-9]{3}(?![0-9]))")
#: 1,000 and 1.000: a thousand to some, one to others.
_AMBIGUOUS = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+(?:[.,][0-9]+)?", re.ASCII)


#: No fault.
NOTHING: Mapping[str, str] = MappingProxyType({})


class InvalidLink(Exception):
    """A link can't be like that; the text names every option at fault and what was expected.

    Args:
        option: the option's name, e.g. ``click_limit``.
        detail: what is wrong with its value, for a person.
        others: further options with what is wrong with theirs.

    Attributes:
        faults: all of them.
    """

    def __init__(self, option: str, detail: str, others: Mapping[str, str] = NOTHING) -> None:
        self.faults = {option: detail, **others}
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in self.faults.items()))

    @classmethod
    def of(cls, faults: Mapping[str, str]) -> "InvalidLink":
        """Return what tells of faults, at least one."""
        (option, detail), *others = faults.items()
        return cls(option, detail, dict(others))


class LinkOptions:
    """Checks the options of links against one installation.

    Args:
        own_hosts: hosts that serve our links, as :func:`app.links.targets.check_target` reads them.
        allow_private_targets: whether links may lead to private networks.
    """

    def __init__(self, own_hosts: Iterable[str], *, allow_private_targets: bool) -> None:
        self._own_hosts = tuple(own_hosts)
        self._allow_private_targets = allow_private_targets

    def check(
        self,
        given: Mapping[str, object],
        *,
        now: float,
        faults: Mapping[str, str] = NOTHING,
    ) -> dict[str, Any]:
        """Return the options as a link holds them.

        Args:
            given: by name, values as text or as JSON holds them.
            now: Unix seconds, from which an expiry such as ``30d`` counts.
            faults: what is wrong with the link besides, to be named along with these.

        Raises:
            InvalidLink: naming all options that can't be used.
        """
        held, found = {}, dict(faults)
        for name, value in given.items():
            try:
                held[name] = self._check_one(name, value, now)
            except ValueError as error:
                found[name] = str(error)
        if found:
            raise InvalidLink.of(found)
        return held

    def _check_one(self, name: str, value: object, now: float) -> object:
        if name == "target":
            return self._target(value)
        if name == "expires_at":
            return _expires_at(value, now)
        if name in _CHECKS:
            return _CHECKS[name](value)
        raise ValueError(UNKNOWN)

    def _target(self, value: object) -> str:
        try:
            return check_target(
                _text(value), self._own_hosts, allow_private=self._allow_private_targets
            )
        except InvalidUrl as error:
            raise ValueError(error.detail) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _expires_at(value: object, now: float) -> int | None:
    """Read Unix seconds, a time such as 2027-01-01T00:00Z, or an amount ahead such as 30d."""
    if _is_none(value):
        return None
    if isinstance(value, str):
        time = parse_moment(value, datetime.fromtimestamp(now, UTC), amounts="ahead")
        return -int(-time.timestamp() // 1)
    return whole_number(value, 0, _END_OF_TIME - 1)


def _click_limit(value: object) -> int | None:
    return None if _is_none(value) else whole_number(value, 1, MAX_CLICK_LIMIT)


def _is_none(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in _NONE)


def _status(value: object) -> int:
    status = whole_number(value, 0, 999)
    if status not in REDIRECT_STATUSES:
        raise ValueError(f"{status} is none of {', '.join(map(str, REDIRECT_STATUSES))}")
    return status


def whole_number(value: object, least: int, most: int) -> int:
    """Return a whole number that a program or a spreadsheet wrote: 100, 100.0, 1E+05, 10 000.

    Raises:
        ValueError: it is none, or may be several; says what was expected.
    """
    number = value
    text = _GROUPS.sub("", value.strip()) if isinstance(value, str) else str(value)
    if isinstance(value, str) and _AMBIGUOUS.fullmatch(text):
        raise ValueError(
            f"{value!r} is one number to some and another to others: write digits only"
        )
    if isinstance(value, float | str) and _NUMBER.fullmatch(text):
        exact = Decimal(text.replace(",", "."))
        number = int(exact) if exact == exact.to_integral_value() else value
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise ValueError(f"{number!r} is no whole number from {least} to {most}")
    return number


def truth(value: object) -> bool:
    """Return what true, yes, on or 1 and their opposites mean.

    Raises:
        ValueError: it is none of them.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        value = str(value)
    if isinstance(value, str) and value.strip().lower() in _YES + _NO:
        return value.strip().lower() in _YES
    raise ValueError(f"{value!r} is neither true nor false")


def _cache_control(value: object) -> str | None:
    """Read a Cache-Control value; printable ASCII, so that it can't end the header."""
    text = "" if value is None else _text(value).strip()
    if len(text) > MAX_CACHE_CONTROL or not re.fullmatch(r"[ -~]*", text):
        raise ValueError(f"expected at most {MAX_CACHE_CONTROL} printable ASCII characters")
    return text or None


def _title(value: object) -> str:
    title = _text(value).strip()
    if len(title) > MAX_TITLE:
        raise ValueError(f"it has {len(title)} characters, at most {MAX_TITLE} will do")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in title):
        raise ValueError("it contains a line break or control character")
    return title


def _tags(value: object) -> tuple[str, ...]:
    """Read tags, a list or text with commas; sorted, in lower case, a hyphen for each space."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError(f"{value!r} is no list of tags")
    tags = {tag for part in parts if (tag := _tag(_text(part)))}
    if len(tags) > MAX_TAGS:
        raise ValueError(f"there are {len(tags)}, at most {MAX_TAGS} will do")
    return tuple(sorted(tags))


def read_tag(text: str) -> str:
    """Return a tag as links carry it.

    Raises:
        InvalidLink: no link can carry it.
    """
    try:
        return _tag(text)
    except ValueError as error:
        raise InvalidLink("tag", str(error)) from None


def _tag(text: str) -> str:
    tag = "-".join(unicodedata.normalize("NFKC", text.lower()).lower().split())
    if len(tag) > MAX_TAG or not all(_is_tag_character(character) for character in tag):
        raise ValueError(
            f"{text!r} is no tag: expected at most {MAX_TAG} letters, digits, spaces and -_.:/"
        )
    return tag


def _is_tag_character(character: str) -> bool:
    return character in "-_.:/" or unicodedata.category(character)[0] in "LNM"


_CHECKS: Mapping[str, Callable[[object], object]] = {
    "status": _status,
    "click_limit": _click_limit,
    "forward_query": truth,
    "cache_control": _cache_control,
    "tags": _tags,
    "title": _title,
    "disabled": truth,
}

#: Everything that may be said about a link.
OPTIONS = ("target", "expires_at", *_CHECKS)
