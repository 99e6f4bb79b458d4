"""Step that names the browser of a user agent, or the application in whose window a page opened."""

from functools import cache
from typing import cast

import re2
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Domain, UserAgent
from ua_parser.core import Matcher
from ua_parser.lazy import UserAgentMatcher
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from workers.enrich.facts.apps import APPS
from workers.enrich.facts.programs import PROGRAMS
from workers.enrich.families import OTHER, known, listed, marked, takes_any_name
from workers.enrich.major_version import Named, major, version_behind
from workers.enrich.rules import Rules

#: Of what may be made up nothing is told, and Apple Mail's is that of its engine.
_UNVERSIONED = (OTHER, "Apple Mail")
#: Meta's applications say their version in a field of its own.
_META = re2.compile(r"(?i)\bFBAV/(\d+)")


class Browsers:
    """Names browsers by our applications' words, and else with uap-core's patterns.

    ua-parser's Rust engine runs those. Made once in a process: that takes some 150 ms.
    """

    def __init__(self) -> None:
        self._apps = Rules(APPS)
        patterns = cast("list[UserAgentMatcher]", load_lazy_builtins()[0])
        taking = [each for each in patterns if takes_any_name(each.regex, each.family)]
        told: list[Matcher[UserAgent]] = [
            UserAgentMatcher(each.regex, marked(each.family), each.major)
            if each in taking
            else each
            for each in patterns
        ]
        self._resolver = Resolver((told, [], []))
        listed_names = listed(each.regex for each in taking)
        self._names = frozenset({*PROGRAMS, *listed_names, *_examples(taking)})

    def read(self, user_agent: str) -> Named:
        """Return a family and its major version, e.g. ``Mobile Safari`` or ``Instagram``.

        The family is '' where nothing is known, and "other" for a name that may be made up.
        """
        if app := self._apps.first(user_agent):
            return Named(app, _version_of(app, user_agent))
        found = self._resolver(user_agent, Domain.USER_AGENT).user_agent
        if found is None:
            return Named("", "")
        name = known(found.family, self._names)
        return Named(name, "" if name in _UNVERSIONED else major(found.major))


def _version_of(app: str, user_agent: str) -> str:
    told = _META.search(user_agent)
    if told:
        return major(told[1])
    words = _words_of(app).search(user_agent)
    return version_behind(user_agent, words.start(), words.end()) if words else ""


@cache
def _words_of(app: str) -> "re2._Regexp[str]":
    return re2.compile(f"(?i)(?:{'|'.join(APPS[app])})")


def _examples(patterns: list[UserAgentMatcher]) -> set[str]:
    """Return the names that patterns tell of the crawlers that we know."""
    resolver = Resolver(([*patterns], [], []))
    crawlers = (text for each in CRAWLER_USER_AGENTS_DATA for text in each["instances"])
    found = (resolver(text, Domain.USER_AGENT).user_agent for text in crawlers)
    return {each.family for each in found if each}
