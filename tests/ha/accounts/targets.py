"""Targets of a run: what was found beside what is promised, and what both make of the run."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from tests.ha.accounts.counts import compare
from tests.ha.accounts.outcome import Outcome, Target
from tests.ha.accounts.recording import first_since
from tests.ha.accounts.times import Machine, Took, longest_hearing, parted, slowest
from tests.ha.monitors.failover_observer import Promotion

RunVerdict = Literal["passed", "void", "FAILED"]
#: What looks at an outcome in one respect.
Judge = Callable[[Outcome], Iterable[Target]]

RESUME_MS = 1_000.0
SLOWEST_MS = 50.0
SLOWEST_IN_BLOW_MS = 100.0
HEARD_MS = 1_000.0
#: Where somebody on a visitor's way waited for a processor for a larger part of the time, the
#: machine had more to do than a run's own load makes, and what is late is nobody's fault.
BUSY_SHARE = 0.25


def judge(outcome: Outcome, judges: Iterable[Judge]) -> list[Target]:
    """Return every target with what was found: those of all runs, then the scenario's own."""
    own = [target for look in judges for target in look(outcome)]
    return [*_counts(outcome), *own, *outcome.found, *_spans(outcome)]


def verdict_of(targets: Iterable[Target], busy_share: float, *, is_lenient: bool) -> RunVerdict:
    """Return what a run came to.

    A lost or doubled click is one on any machine. A time, or whatever else takes a machine that
    isn't too busy, proves nothing on one that is.

    Args:
        is_lenient: whether no time counts.
    """
    missed = [
        target
        for target in targets
        if target.verdict == "missed" and not (target.is_time and is_lenient)
    ]
    if not missed:
        return "passed"
    is_excused = all(target.is_time or target.needs_calm for target in missed)
    return "void" if is_excused and busy_share > BUSY_SHARE else "FAILED"


def busy_share(outcome: Outcome) -> float:
    """Return for which part of the time the busiest process on a visitor's way had to wait.

    That is the kernel's own account, see :mod:`tests.chaos.monitors.run_queue`.
    """
    return _machine(outcome).busy_share


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


def _counts(outcome: Outcome) -> Iterator[Target]:
    counts = compare(outcome.clicks, outcome.stored)
    yield Target("clicks unanswered", len(counts.unanswered), 0, needs_calm=True)
    for name in ("lost", "doubled", "unknown"):
        yield Target(f"clicks {name}", len(getattr(counts, name)), 0)
    yield Target("not all processed in time", not outcome.is_settled, 0, needs_calm=True)


def _spans(outcome: Outcome) -> Iterator[Target]:
    for span in outcome.spans:
        took = _machine(outcome).took(span.from_ms, span.ms, counts=True)
        yield time(span.name, took, span.most_ms)


def links(outcome: Outcome) -> Iterator[Target]:
    """Look whether every host heard which links were disabled, and how soon."""
    unheard = [
        one.code for one in outcome.switches if None in one.heard_ms and one.code in outcome.held
    ]
    yield Target("disabled links never heard of", len(unheard), 0, needs_calm=True)
    yield Target("disabled links that redirect at the end", len(outcome.astray), 0)
    promoted = [one.at_ms for one in outcome.promotions]
    held = [one for one in outcome.switches if one.code in outcome.held]
    heard = longest_hearing(held, promoted, _machine(outcome))
    yield time("disabled link heard everywhere", heard, HEARD_MS)


def visitors(outcome: Outcome) -> Iterator[Target]:
    """Look how long visitors waited."""
    blows = [one.at_ms for one in outcome.struck if one.is_blow]
    within, outside = parted(outcome.clicks, blows)
    for name, clicks, most_ms in (
        ("slowest visitor", outside, SLOWEST_MS),
        ("slowest visitor in the second of a blow", within, SLOWEST_IN_BLOW_MS),
    ):
        yield time(name, slowest(clicks, _machine(outcome)), most_ms)


def recording(outcome: Outcome) -> Iterator[Target]:
    """Look how soon clicks were recorded again."""
    since_ms, at_ms = resumed(outcome)
    # What is never recorded again is as bad as what takes until the end.
    until_ms = max((click.sent_ms for click in outcome.clicks), default=since_ms)
    took_ms = (until_ms if at_ms is None else at_ms) - since_ms
    yield time("recording resumes", _machine(outcome).took(since_ms, took_ms), RESUME_MS)


def freshness(outcome: Outcome, most_ms: float) -> Iterator[Target]:
    """Look how long it took until each click was counted."""
    at_ms = outcome.stored.at_ms
    counted = [click for click in outcome.clicks if click.number in at_ms]
    last = max(counted, key=lambda click: at_ms[click.number] - click.sent_ms, default=None)
    ms = at_ms[last.number] - last.sent_ms if last else 0
    took = _machine(outcome).took(last.sent_ms if last else 0, ms, counts=True)
    yield time("until a click was counted", took, most_ms)


def time(name: str, took: Took, most_ms: float) -> Target:
    """Return the target of something that takes so long at most."""
    return Target(name, round(took.ms, 1), most_ms, True, round(took.machine_ms, 1))


def _machine(outcome: Outcome) -> Machine:
    return Machine(outcome.stalls, outcome.delays)
