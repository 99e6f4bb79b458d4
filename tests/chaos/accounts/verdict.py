"""Verdict that compares what the clients saw with what was counted."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from statistics import median
from typing import NamedTuple

from tests.chaos.accounts.intervals import Intervals
from tests.chaos.accounts.stored import Stored
from tests.chaos.faults.plan import KILLS_REDIRECT, KILLS_REDIS, LOSES_TAIL, REDIS_AWAY
from tests.chaos.monitors.samplers import StoredSample
from tests.chaos.visitors.client_log import Sent
from tests.chaos.visitors.codes import is_limited

#: The spool is brought to the disk at least this often. A redirect worker that is killed while
#: Redis is away may take with it what it took in this time: the one allowance.
FSYNC_MS = 1_000
#: The same holds for who waited as long as a visitor may for Redis (10 ms) and then for the spool's
#: disk (20 ms): on a machine that busy the click is in the worker's memory alone.
BUDGETS_MS = 30.0
#: What Redis may lose, and how long redirect workers take to find it again.
_TAIL_MS = 1_500
#: How long redirect workers keep what Redis confirmed last to themselves while it is away, and then
#: take to bring it onto the disk.
_HANDED_OVER_MS = 14_000
_RECOVERS_MS = 2_000
#: Between the note that a kill begins and the kill.
_SLACK_MS = 250


class InjectedFault(NamedTuple):
    """A fault that has struck, in Unix milliseconds, with the marks of its kind."""

    kind: str
    from_ms: int
    to_ms: int
    marks: frozenset[str] = frozenset()


def intervals(injected: Iterable[InjectedFault], mark: str, after_ms: int = 0) -> Intervals:
    """Return when faults with a mark struck, and for so much longer."""
    return Intervals((one.from_ms, one.to_ms + after_ms) for one in injected if mark in one.marks)


def overlaps(injected: Sequence[InjectedFault]) -> Counter[tuple[str, str]]:
    """Return which kinds of faults struck at the same time, and how often."""
    pairs: Counter[tuple[str, str]] = Counter()
    for place, first in enumerate(injected):
        for other in injected[place + 1 :]:
            if first.from_ms <= other.to_ms and other.from_ms <= first.to_ms:
                pairs[min(first.kind, other.kind), max(first.kind, other.kind)] += 1
    return pairs


class Effect(NamedTuple):
    """A kind of fault and what happened while it lasted, or until things were well again.

    A click that meets several faults at once is counted in the row of each.
    """

    kind: str
    injected: int
    answered: int
    lost: int
    doubled: int
    duplicate_rows: int
    recovery_seconds: tuple[float, float] | None


class Verdict(NamedTuple):
    """What came out.

    Attributes:
        lost: clicks whose redirect was answered, as their visitors or a proxy say, and that are
            not stored, less the allowed.
        allowed: those that the one allowance covers.
        doubled: clicks stored under more than one click id.
        unknown: stored clicks that nobody sent.
        misreported: codes whose report shows another number than is stored, and both numbers.
        duplicate_rows: rows beyond one for each click id; no report counts them.
    """

    sent: int
    answered: int
    lost: list[int]
    allowed: list[int]
    doubled: list[int]
    unknown: list[int]
    misreported: dict[str, tuple[int, int]]
    duplicate_rows: int

    @property
    def is_good(self) -> bool:
        """Whether every answered click is counted, and each once."""
        return not (self.lost or self.doubled or self.unknown or self.misreported)


def judge(
    clicks: Sequence[Sent],
    stored: Mapping[int, Stored],
    reported: Mapping[str, int],
    injected: Sequence[InjectedFault],
    redirected: Mapping[str, Set[int]] | None = None,
) -> Verdict:
    """Return what came out of a run.

    A click that was not answered may be counted or not, since its visitor is not known to have
    gone on; but once at most, like any other. Where a proxy says that it redirected the visitor,
    the click has to be there, whatever the visitor saw.
    """
    by_proxies = set().union(*(redirected or {}).values())
    answered = [click for click in clicks if click.is_answered]
    promised = [click for click in clicks if click.is_answered or click.number in by_proxies]
    missing = [click for click in promised if click.number not in stored]
    allowed = [click.number for click in missing if _is_allowed(click, injected)]
    return Verdict(
        sent=len(clicks),
        answered=len(answered),
        lost=sorted({click.number for click in missing}.difference(allowed)),
        allowed=allowed,
        doubled=sorted(number for number, one in stored.items() if one.distinct > 1),
        unknown=sorted(stored.keys() - {click.number for click in clicks}),
        misreported=_misreported(stored, reported),
        duplicate_rows=sum(one.rows - one.distinct for one in stored.values()),
    )


def effects(
    clicks: Sequence[Sent],
    stored: Mapping[int, Stored],
    verdict: Verdict,
    injected: Sequence[InjectedFault],
    samples: Sequence[StoredSample],
) -> list[Effect]:
    """Return what happened at each kind of fault, by name."""
    sent_at = {click.number: click.sent_ms for click in clicks}
    windows: dict[str, list[tuple[int, int]]] = {}
    recoveries: dict[str, list[float]] = {}
    for one in injected:
        well_ms = _well_again_ms(one, samples, sent_at)
        windows.setdefault(one.kind, []).append((one.from_ms, well_ms or one.to_ms))
        if well_ms is not None:
            recoveries.setdefault(one.kind, []).append((well_ms - one.to_ms) / 1000)
    times = {
        "answered": sorted(click.sent_ms for click in clicks if click.is_answered),
        "lost": _times((*verdict.lost, *verdict.allowed), sent_at),
        "doubled": _times(verdict.doubled, sent_at),
        "duplicate_rows": _times(
            (number for number, one in stored.items() if one.rows > one.distinct), sent_at
        ),
    }
    return [
        Effect(
            kind,
            len(spans),
            **{name: _within(moments, spans) for name, moments in times.items()},
            recovery_seconds=_median_and_worst(recoveries.get(kind, [])),
        )
        for kind, spans in sorted(windows.items())
    ]


def _is_allowed(click: Sent, injected: Sequence[InjectedFault]) -> bool:
    at_ms = click.answered_ms or click.sent_ms
    return _has_lost_both_copies(at_ms, injected) or any(
        KILLS_REDIRECT in one.marks
        and one.from_ms - FSYNC_MS <= at_ms <= one.from_ms + _SLACK_MS
        and (click.waited_ms >= BUDGETS_MS or _is_redis_away(one.from_ms, injected))
        for one in injected
    )


def _has_lost_both_copies(at_ms: int, injected: Sequence[InjectedFault]) -> bool:
    """Tell whether Redis may have lost its tail, and a worker died before it was well again."""
    away = intervals(injected, REDIS_AWAY, _RECOVERS_MS)
    return any(
        {LOSES_TAIL, KILLS_REDIS} & tail.marks
        and tail.from_ms - _TAIL_MS <= at_ms <= tail.to_ms
        and any(
            KILLS_REDIRECT in kill.marks
            and at_ms <= kill.from_ms
            and kill.from_ms - tail.from_ms <= _HANDED_OVER_MS
            and away.covered_ms(tail.to_ms, kill.from_ms) >= kill.from_ms - tail.to_ms
            for kill in injected
        )
        for tail in injected
    )


def _is_redis_away(at_ms: int, injected: Sequence[InjectedFault]) -> bool:
    return any(
        REDIS_AWAY in one.marks and one.from_ms - _SLACK_MS <= at_ms <= one.to_ms
        for one in injected
    )


def _misreported(
    stored: Mapping[int, Stored], reported: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    counted = dict.fromkeys(reported, 0)
    for one in stored.values():
        if is_limited(one.code):  # there are too many of them to ask for the report of each
            continue
        counted[one.code] = counted.get(one.code, 0) + 1
    return {
        code: (reported.get(code, 0), count)
        for code, count in counted.items()
        if reported.get(code, 0) != count
    }


def _well_again_ms(
    one: InjectedFault, samples: Sequence[StoredSample], sent_at: Mapping[int, int]
) -> int | None:
    """Return when a click that was sent after the fault was first seen stored."""
    first = bisect_left(samples, one.to_ms, key=lambda sample: sample.at_ms)
    for sample in samples[first:]:
        if sent_at.get(sample.number, 0) >= one.to_ms:
            return sample.at_ms
    return None


def _times(numbers: Iterable[int], sent_at: Mapping[int, int]) -> list[int]:
    return sorted(sent_at[number] for number in numbers if number in sent_at)


def _within(moments: Sequence[int], spans: Sequence[tuple[int, int]]) -> int:
    return sum(bisect_right(moments, end) - bisect_left(moments, start) for start, end in spans)


def _median_and_worst(seconds: Sequence[float]) -> tuple[float, float] | None:
    return (median(seconds), max(seconds)) if seconds else None
