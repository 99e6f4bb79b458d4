"""Step that names the operating system of a user agent, as the world calls it."""

from typing import cast

from ua_parser import OS, Domain
from ua_parser.core import Matcher
from ua_parser.lazy import OSMatcher
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from workers.enrich.facts.systems import LAST_RESORTS, RENAMED, SYSTEMS
from workers.enrich.families import OTHER, known, marked, takes_any_name
from workers.enrich.rules import Rules


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

    def read(self, user_agent: str) -> str:
        """Return a family without version, e.g. ``iPadOS``; '' where it is unknown."""
        if system := self._systems.first(user_agent):
            return system
        found = self._resolver(user_agent, Domain.OS).os
        name = known(found.family, frozenset()) if found else ""
        # Makers of televisions are all that a pattern of any name tells.
        named = "" if name == OTHER else RENAMED.get(name, name)
        return named or self._last_resorts.first(user_agent) or ""
