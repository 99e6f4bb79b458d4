"""Targets of a run: what was found beside what is promised."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from tests.ha.accounts.counts import Counts, compare
from tests.ha.accounts.recording import first_since
from tests.ha.accounts.times import Machine, Took, longest_hearing, parted, slowest
from tests.ha.monitors.failover_observer import Promotion
from tests.ha.run import Outcome

Verdict = Literal["met", "missed", "the machine's"]

RESUME_MS = 1_000.0
SLOWEST_MS = 50.0
SLOWEST_IN_BLOW_MS = 100.0
HEARD_MS = 1_000.0


class Target(NamedTuple):
    """What is promised, and what was found.

    Attributes:
        most: what may be found at most.
        is_time: whether both are milliseconds, of which the machine may have taken some.
        machine_ms: how much it took.
    """

    name: str
    found: float
    most: float
    is_time: bool = False
    machine_ms: float = 0.0

    @property
    def verdict(self) -> Verdict:
        if self.found <= self.most:
            return "met"
        return "the machine's" if self.found - self.machine_ms <= self.most else "missed"

    def figures(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {**self._asdict(), "verdict": self.verdict}


def judge(outcome: Outcome, *, fails_over: bool) -> list[Target]:
    """Return every target with what was found."""
    counts = compare(outcome.clicks, outcome.stored)
    return [*_counts(outcome, counts, fails_over=fails_over), *_times(outcome)]


def resumed(outcome: Outcome) -> tuple[int, int | None]:
    """Return since when clicks could be recorded again, and when the first one was.

    That is when a new master was announced and had as many replicas as it wants: Sentinel sends
    these to it about a second after it has promoted it. Where none was, it is the last step.
    """
    since_ms = max((_is_master_ms(one) for one in outcome.promotions[:1]), default=0)
    since_ms = since_ms or outcome.struck[-1].at_ms
    return since_ms, first_since(outcome.entries, since_ms)


def _is_master_ms(promotion: Promotion) -> int:
    announced_ms = min(promotion.announced_ms, default=promotion.at_ms)
    return max(announced_ms, promotion.takes_writes_ms or 0)


def _counts(outcome: Outcome, counts: Counts, *, fails_over: bool) -> Iterator[Target]:
    for name in ("unanswered", "lost", "doubled", "unknown"):
        yield Target(f"clicks {name}", len(getattr(counts, name)), 0)
    yield Target("not all processed in time", not outcome.is_settled, 0)
    amiss = len(outcome.promotions) != int(fails_over)
    yield Target(f"other than {int(fails_over)} promotions", amiss, 0)
    unheard = [
        one.code for one in outcome.switches if None in one.heard_ms and one.code in outcome.held
    ]
    yield Target("disabled links never heard of", len(unheard), 0)
    yield Target("disabled links that redirect at the end", len(outcome.astray), 0)


def _times(outcome: Outcome) -> Iterator[Target]:
    of_machine = Machine(outcome.stalls, outcome.delays)
    yield _resume(outcome, of_machine)
    blows = [one.at_ms for one in outcome.struck if one.is_blow]
    within, outside = parted(outcome.clicks, blows)
    for name, clicks, most_ms in (
        ("slowest visitor", outside, SLOWEST_MS),
        ("slowest visitor in the second of a blow", within, SLOWEST_IN_BLOW_MS),
    ):
        yield _time(name, slowest(clicks, of_machine), most_ms)
    promoted = [one.at_ms for one in outcome.promotions]
    held = [one for one in outcome.switches if one.code in outcome.held]
    heard = longest_hearing(held, promoted, of_machine)
    yield _time("disabled link heard everywhere", heard, HEARD_MS)


def _resume(outcome: Outcome, of_machine: Machine) -> Target:
    since_ms, at_ms = resumed(outcome)
    # What is never recorded again is as bad as what takes until the end.
    until_ms = max((click.sent_ms for click in outcome.clicks), default=since_ms)
    took_ms = (until_ms if at_ms is None else at_ms) - since_ms
    return _time("recording resumes", of_machine.took(since_ms, took_ms), RESUME_MS)


def _time(name: str, took: Took, most_ms: float) -> Target:
    return Target(name, round(took.ms, 1), most_ms, True, round(took.machine_ms, 1))
