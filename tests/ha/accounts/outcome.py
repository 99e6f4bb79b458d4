"""Outcome that a run leaves to be judged."""

from typing import Any, Literal, NamedTuple

from tests.chaos.monitors.run_queue import Delay
from tests.chaos.visitors.client_log import Sent, Stall
from tests.ha.accounts.counts import Stored
from tests.ha.accounts.recording import Entry
from tests.ha.monitors.failover_observer import Promotion
from tests.ha.monitors.link_switches import Switch

Verdict = Literal["met", "missed", "the machine's"]


class Struck(NamedTuple):
    """What was done, at a Unix time in milliseconds.

    Attributes:
        is_blow: whether it takes something away; it brings it back otherwise, or changes it.
    """

    at_ms: int
    text: str
    is_blow: bool = True


class Target(NamedTuple):
    """What is promised, and what was found.

    Attributes:
        most: what may be found at most.
        is_time: whether both are milliseconds, of which the machine may have taken some.
        machine_ms: how much it took.
        needs_calm: whether a machine that is too busy for the run may be the reason.
    """

    name: str
    found: float
    most: float
    is_time: bool = False
    machine_ms: float = 0.0
    needs_calm: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.found <= self.most:
            return "met"
        return "the machine's" if self.found - self.machine_ms <= self.most else "missed"

    def figures(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {**self._asdict(), "verdict": self.verdict}


class Span(NamedTuple):
    """Something that took a time in milliseconds, from a Unix time in milliseconds on.

    Attributes:
        most_ms: what it may take.
    """

    name: str
    from_ms: int
    ms: float
    most_ms: float


class Outcome(NamedTuple):
    """What a run left to be judged.

    Attributes:
        stalls, delays: see :mod:`tests.chaos.accounts.waits`.
        entries: of visitors' clicks, as the stream had them.
        promotions: of replicas of Redis.
        switches, held, astray: links that were disabled, which of them Redis holds as such at the
            end, and at which of those a host still redirects.
        spooled: clicks that still lie in the hosts' spools.
        is_settled: whether everything was processed in time.
        found: targets of this scenario alone, with what was found meanwhile.
        spans: times of this scenario alone.
        noted: what else is worth knowing, by name.
        store: name and version of the server.
    """

    clicks: list[Sent]
    stalls: list[Stall]
    delays: list[Delay]
    stored: Stored
    entries: list[Entry]
    struck: list[Struck]
    promotions: list[Promotion]
    switches: list[Switch]
    held: set[str]
    astray: list[str]
    spooled: int
    is_settled: bool
    found: list[Target]
    spans: list[Span]
    noted: dict[str, float]
    store: str
