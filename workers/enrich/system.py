"""Step that names the operating system of a user agent, as the world calls it."""

import re
from typing import cast

from ua_parser import OS, Domain
from ua_parser.core import Matcher
from ua_parser.lazy import OSMatcher
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from workers.enrich.facts.systems import LAST_RESORTS, RENAMED, SYSTEMS
from workers.enrich.families import OTHER, known, marked, takes_any_name
from workers.enrich.major_version import Named, system_version
from workers.enrich.rules import Rules

#: Systems of ours whose version uap-core tells.
_VERSIONED = ("Android", "macOS", "tvOS", "watchOS", "Windows Phone", "KaiOS", "Tizen")
#: Those of many that say it themselves, which costs a tenth of asking uap-core.
_APPLES = ("iOS", "iPadOS")
_APPLES_VERSION = re.compile(r"OS[ /](\d+)[_.](\d+)")
#: What nearly all other browsers begin with, to the same end.
_BEGINNING = re.compile(
    r"Mozilla/5\.0 \((Windows NT (?=10\.0\b)|Linux; Android |Macintosh; Intel Mac OS X (?=10[_.]))"
    r"(\d+)(?:[_.](\d+))?"
)
_BEGUN = {"W": "Windows", "L": "Android", "M": "macOS"}


class Systems:
    """Names systems by our own words, and else with uap-core's patterns; made once in a process."""

    def __init__(self) -> None:
        self._systems, self._last_resorts = Rules(SYSTEMS), Rules(LAST_RESORTS)
        told: list[Matcher[OS]] = [
            OSMatcher(each.regex, marked(each.family))
            if takes_any_name(each.regex, each.family)
            else each
            for each in cast("list[OSMatcher]", load_lazy_builtins()[1])
        ]
        self._resolver = Resolver(([], told, []))

    def read(self, user_agent: str) -> Named:
        """Return a family and its version, e.g. ``iPadOS``; '' where it is unknown."""
        own = self._systems.first(user_agent)
        if own in _APPLES:
            said = _APPLES_VERSION.search(user_agent)
            told = (said[1], said[2]) if said else (None, None)
            return Named(own, system_version(own, told, user_agent))
        if own and own not in _VERSIONED:
            return Named(own, "")
        if own is None and (plain := _BEGINNING.match(user_agent)):
            name = _BEGUN[plain[1][0]]
            return Named(name, system_version(name, (plain[2], plain[3]), user_agent))
        found = self._resolver(user_agent, Domain.OS).os
        named = known(found.family, frozenset()) if found else ""
        # Makers of televisions are all that a pattern of any name tells.
        family = "" if named == OTHER else RENAMED.get(named, named)
        name = own or family or self._last_resorts.first(user_agent) or ""
        if found is None or family != name:
            return Named(name, "")
        return Named(name, system_version(name, (found.major, found.minor), user_agent))
