"""Versions that user agents tell: major numbers, of which there are few.

A visitor writes the user agent, and could fill a breakdown with numbers: those of four digits and
more are none of a version. Browsers have frozen what they say of newer systems (``Windows NT 10.0``
is Windows 11 as well), so that such a version ends in ``+``: this one, or a later one.

Sources: https://learn.microsoft.com/en-us/microsoft-edge/web-platform/how-to-detect-win11 and
https://www.chromium.org/updates/ua-reduction for Windows, macOS and Android;
https://webkit.org/blog/16993/news-from-wwdc25-web-technology-coming-this-fall-in-safari-26-beta for
iOS, which since its version 26 says 18.6 or 18.7, while Safari's own version is its system's.
"""

import re
from typing import NamedTuple

_MOST_DIGITS = 3
#: What is behind an application's words: the end of its name, a sign, and its version.
_BEHIND = re.compile(r"[a-z]{0,12}[\])]?[ /:_-]?v?(\d+)", re.IGNORECASE)
#: A version within the words.
_WITHIN = re.compile(r"[ /_]v?(\d+)")
_NUMBER = re.compile(r"\d+")
_SAFARI = re.compile(r"\bVersion/(\d+)")
_WINDOWS = frozenset(
    ("3.1", "95", "98", "ME", "NT", "NT 4.0", "2000", "CE", "XP", "Vista", "7", "8", "RT", "RT 8")
)
_FROZEN_IOS = (("18", "6"), ("18", "7"))
_FIRST_IOS_OF_SAFARI = 26


class Named(NamedTuple):
    """A browser or a system; what is not known is ''."""

    name: str
    version: str


def major(text: str | None) -> str:
    """Return a major version as it is kept: '' for none, and for what no product calls its own."""
    number = (text or "").lstrip("0")
    is_version = number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS
    return number if is_version else ""


def version_behind(text: str, start: int, end: int) -> str:
    """Return the version that stands in an application's words, or directly behind.

    Args:
        text: a user agent.
        start, end: where the words stand in it.
    """
    cut = _NUMBER.match(text, end)  # the words may end within a number
    whole = cut.end() if cut and text[end - 1].isdigit() else end
    found = _WITHIN.search(text, start, whole) or _BEHIND.match(text, end)
    return major(found[1]) if found else ""


def system_version(name: str, told: tuple[str | None, str | None], user_agent: str) -> str:
    """Return a system's version as it is kept.

    Args:
        name: the system, as the world spells it.
        told: major and minor version, as uap-core reads them.
    """
    first, second = told
    match name:
        case "Windows":
            return "10+" if first == "10" else _windows(first, second)
        case "macOS" if first == "10":
            minor = major(second)
            return "10.15+" if minor == "15" else f"10.{minor}".rstrip(".")
        case "Android" if "; K)" in user_agent:
            return "10+"
        case "iOS" | "iPadOS":
            return _ios(told, user_agent)
    return major(first)


def _windows(first: str | None, second: str | None) -> str:
    if (first, second) == ("8", "1"):
        return "8.1"
    return first if first in _WINDOWS else ""


def _ios(told: tuple[str | None, str | None], user_agent: str) -> str:
    safari = _SAFARI.search(user_agent)
    own = major(safari[1]) if safari else ""
    if own and int(own) >= _FIRST_IOS_OF_SAFARI:
        return own
    return "18+" if told in _FROZEN_IOS and own != "18" else major(told[0])
