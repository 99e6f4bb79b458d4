"""Step that reads what a browser says of itself beside its user agent, and puts both together.

Rule 1: hints tell what user agents no longer do: brands that call themselves Chrome there, and
        systems that are another's there. A name that an application or a maker adds is finer.
Rule 2: brands and systems are those of our tables. What stands there instead of a browser's brand
        (GREASE, ``"Not?A_Brand";v="99"``) changes with each version, and is none of them.
"""

import re
from typing import NamedTuple

from app.clicks.client_hints import SEPARATOR
from workers.enrich.device import Device
from workers.enrich.facts.brands import BRANDS, HIDDEN_AS, PLATFORMS
from workers.enrich.major_version import major
from workers.enrich.user_agent import UserAgent

#: Structured Fields (RFC 8941 §3.3): strings, and what values of parameters may be.
_STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*"'
_VALUE = rf"(?:{_STRING}|\?[01]|-?[0-9.]+|[A-Za-z*][!#$%&'*+.^_`|~:/\w-]*|:[A-Za-z0-9+/=]*:)"
_PARAMETER = rf" *([a-z*][a-z0-9_.*-]*)(?:=({_VALUE}))?"
_MEMBER = re.compile(rf"({_STRING})((?:;{_PARAMETER})*)", re.ASCII)
_PARAMETERS = re.compile(f";{_PARAMETER}", re.ASCII)
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_ESCAPED = re.compile(r"\\(.)")

#: Systems that a hint corrects; all others are finer words for one of them.
_CORRECTED = frozenset((*PLATFORMS.values(), ""))
_COMPUTERS = ("Windows", "macOS", "Linux", "Chrome OS")


class ClientHints(NamedTuple):
    """What a browser says of itself.

    Attributes:
        is_mobile: whether it says that it is on a phone.
        platform: one of :data:`~workers.enrich.facts.brands.PLATFORMS`, or ''.
        brand: one of :data:`~workers.enrich.facts.brands.BRANDS`, or ''.
        version: of the brand, a major number.
    """

    is_mobile: bool
    platform: str
    brand: str
    version: str

    def __str__(self) -> str:
        """Return it as it is kept: a field of a click that has nothing but this."""
        if not (self.platform or self.brand):
            return ""
        brand = f'"{self.brand}";v="{self.version}"' if self.brand else ""
        return SEPARATOR.join((f"?{self.is_mobile:d}", f'"{self.platform}"', brand))


NONE = ClientHints(False, "", "", "")


def read_client_hints(field: str) -> ClientHints:
    """Read a click's field; what is no Structured Field tells nothing."""
    mobile, platform, brands = (*field.split(SEPARATOR, 2), "", "")[:3]
    told = dict(_strings(brands))
    brand = next((each for each in BRANDS if each in told), "")
    named = next((name for name, _ in _strings(platform)), "")
    return ClientHints(
        is_mobile=mobile.strip() == "?1",
        platform=named if named in PLATFORMS else "",
        brand=brand,
        version=major(told[brand].partition(".")[0]) if brand else "",
    )


def together(told: UserAgent, hints: ClientHints) -> UserAgent:
    """Return what a user agent and hints tell together."""
    if hints.brand in HIDDEN_AS.get(told.browser, ()):
        browser = BRANDS[hints.brand][hints.is_mobile]
        told = told._replace(browser=browser, browser_version=hints.version)
    platform = PLATFORMS.get(hints.platform, "")
    if platform and platform != told.os and _is_corrected(told.os, platform):
        told = told._replace(os=platform, os_version="", device=_device(told.device, hints))
    elif hints.is_mobile and told.device == "desktop":
        told = told._replace(device="mobile")
    return told


def _is_corrected(system: str, platform: str) -> bool:
    # What runs an altered Linux says that, a television's browser or one that hides its system.
    return system == "" or (system in _CORRECTED and platform != "Linux")


def _device(device: Device, hints: ClientHints) -> Device:
    if device not in ("desktop", "mobile", "tablet", "other"):
        return device
    if hints.is_mobile:
        return "mobile"
    if hints.platform in _COMPUTERS:
        return "desktop"
    return "tablet" if hints.platform in ("Android", "iOS") else device


def _strings(text: str) -> list[tuple[str, str]]:
    """Return the strings of a list, each with its version; none if it isn't one (RFC 8941 §4.2)."""
    found, at = [], 0
    text = text.strip(" ")
    while member := _MEMBER.match(text, at):
        found.append((_unquoted(member[1]), _version(member[2])))
        if member.end() == len(text):
            return found
        comma = _COMMA.match(text, member.end())
        if comma is None:
            break
        at = comma.end()
    return []


def _version(parameters: str) -> str:
    value = dict(_PARAMETERS.findall(parameters)).get("v", "")
    return _unquoted(value) if value.startswith('"') else ""


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1])
