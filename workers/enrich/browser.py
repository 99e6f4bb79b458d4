"""Parser that reads browser and system from a user agent."""

from typing import NamedTuple

from ua_parser import Domain
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

#: Longest name; some of uap-core's patterns take the name from the user agent itself.
MAX_NAME_LENGTH = 40


class Browser(NamedTuple):
    """Families without versions, as uap-core names them; '' where unknown."""

    browser: str
    os: str


class Browsers:
    """Reads user agents with uap-core's patterns, on ua-parser's Rust engine.

    Made once in a process: compiling the patterns takes some 100 ms.
    """

    def __init__(self) -> None:
        user_agents, systems, _ = load_lazy_builtins()
        # Devices are not asked for here, and their patterns would take 15 MB.
        self._resolver = Resolver((user_agents, systems, []))

    def read(self, user_agent: str) -> Browser:
        """Return what the user agent says, e.g. ``Mobile Safari`` on ``iOS``."""
        found = self._resolver(user_agent, Domain.USER_AGENT | Domain.OS)
        return Browser(
            found.user_agent.family[:MAX_NAME_LENGTH] if found.user_agent else "",
            found.os.family[:MAX_NAME_LENGTH] if found.os else "",
        )
