"""Stage on which a scenario plays: what it breaks, and what it notes of that."""

import logging
import time
from contextlib import AbstractContextManager, ExitStack
from typing import Self, TypeVar

from tests.chaos.visitors.client_log import now_ms
from tests.ha.accounts.outcome import Span, Struck, Target
from tests.ha.accounts.recording import Entry
from tests.ha.monitors.failover_observer import Promotion
from tests.ha.monitors.link_switches import LinkSwitches
from tests.ha.options import Asked, Options
from tests.ha.testbed.testbed import Testbed

logger = logging.getLogger(__name__)

Monitor = TypeVar("Monitor")
_AUDIT = "seconds that the slowest audit took while something was away"


class Stage:
    """One run as its scenario sees it; as a context manager, for as long as visitors come.

    Attributes:
        struck: what was done.
        found: targets that only this scenario has.
        spans: times that only this scenario has.
        noted: what else is worth knowing, by name.
        promotions: of replicas of Redis.
        entries: what streams held, where they don't hold it until the end; else None.
    """

    def __init__(self, testbed: Testbed, asked: Asked, options: Options) -> None:
        self.testbed = testbed
        self.asked = asked
        self.options = options
        self.struck: list[Struck] = []
        self.found: list[Target] = []
        self.spans: list[Span] = []
        self._alarms = 0
        self.noted: dict[str, float] = {}
        self.promotions: list[Promotion] = []
        self.entries: list[Entry] | None = None
        self.links: LinkSwitches | None = None
        self._watching = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watching.close()

    def strike(self, text: str, *, is_blow: bool = True) -> int:
        """Note that something is done now; return the Unix time in milliseconds."""
        logger.info("%s", text)
        self.struck.append(Struck(now_ms(), text, is_blow))
        return self.struck[-1].at_ms

    def rest(self, seconds: float) -> None:
        """Let visitors come, and keep up what should be up."""
        self.testbed.wait(lambda: False, seconds)

    def warm(self) -> None:
        """Let visitors come until links are in memory and all is as usual."""
        self.rest(self.options.warm_seconds)

    def calm(self) -> None:
        """Let all go on for a while after a change."""
        self.rest(self.options.calm_seconds)

    def watch(self, monitor: AbstractContextManager[Monitor]) -> Monitor:
        """Have something looked at until no more visitors come."""
        return self._watching.enter_context(monitor)

    def disable_links(self) -> None:
        """Disable one link after the other until no more visitors come."""
        self.links = self.watch(LinkSwitches(self.testbed))

    def expect(self, name: str, *, found: float, needs_calm: bool = False) -> None:
        """Note how often something was found that may not be."""
        self.found.append(Target(name, found, 0, needs_calm=needs_calm))

    def audit(self) -> None:
        """Have the operator's audit look while something is away: it may not cry wolf.

        That it can't tell yet is no alarm.
        """
        begun_at = time.monotonic()
        _, said = self.testbed.hopline("audit", "--json")
        self._alarms += said is not None and not said["balanced"]
        took_seconds = time.monotonic() - begun_at
        self.noted[_AUDIT] = round(max(took_seconds, self.noted.get(_AUDIT, 0.0)), 1)

    def conclude_audits(self) -> None:
        """Expect that no audit raised an alarm, and that the last one balances."""
        self.expect("false alarms of the audit", found=self._alarms)
        exit_code, _ = self.testbed.hopline("audit", "--json")
        self.expect("an audit that doesn't balance at the end", found=exit_code != 0)
