"""Verdict that calls a run met, broken or void. Pure; everything measured is handed in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from loadtest.common.measurements import Measurements
from loadtest.report.budget import Line

Outcome = Literal["met", "broken", "void"]
EXIT_CODES: dict[Outcome, int] = {"met": 0, "broken": 1, "void": 3}
HEADLINES: dict[Outcome, str] = {
    "met": "The budget is met",
    "broken": "The budget is broken",
    "void": "This run proves nothing",
}

_MISSED = "Missed goals, which change no verdict"
#: Share of the time that a process of the generator may be busy.
_TOO_BUSY = 0.9
#: Share from which on the generator, and not the server, took the greater part of each exchange.
_MOSTLY_BUSY = 0.5


@dataclass(frozen=True, slots=True)
class Generator:
    """How well the load generator kept its schedule.

    Attributes:
        measured: what it counted, of itself, too.
        busiest_share: of the time, how long the busiest process ran or waited for a core.
        is_complete: whether the run went on to its end and every process said so.
        strays: why there may be visits that nobody reported; empty if there are none.
        most_late_ms: lateness (p99) past which latencies are the generator's own.
        troubles: what else went wrong on this side, e.g. that clicks could not be counted.
    """

    measured: Measurements
    busiest_share: float
    most_late_ms: float
    is_complete: bool = True
    strays: str = ""
    troubles: tuple[str, ...] = ()

    @property
    def faults(self) -> list[str]:
        """Why the latencies may be the generator's own; empty if they are the server's."""
        faults = list(self.troubles)
        if not self.is_complete:
            faults.append("the run was stopped before its end")
        elif not self.measured.due and not self.troubles:
            faults.append("no request was due")
        if self.busiest_share > _TOO_BUSY:
            faults.append(
                "the load generator was the bottleneck:"
                f" {self.busiest_share:.0%} of the time it was busy"
            )
        elif self._is_overtaxed:
            due, unsent = self.measured.due, self.measured.unsent
            faults.append(
                f"the load generator could not have sent {due:,} requests:"
                f" {self.busiest_share:.0%} of the time it was busy with {due - unsent:,}"
            )
        for what, latencies in (
            ("sent requests", self.measured.late),
            ("woke up", self.measured.loop),
        ):
            if (late_ms := latencies.at(99)) > self.most_late_ms:
                faults.append(f"the load generator {what} {late_ms:.1f} ms late (p99)")
        return faults

    @property
    def _is_overtaxed(self) -> bool:
        """Whether all that was due would have kept it busy for too long, however fast the server.

        Of a generator that mostly waited this tells nothing: it was hardly busy with requests.
        """
        due, sent = self.measured.due, self.measured.due - self.measured.unsent
        is_mostly_busy = self.busiest_share > _MOSTLY_BUSY
        return is_mostly_busy and self.busiest_share * due > _TOO_BUSY * sent


@dataclass(frozen=True, slots=True)
class Count:
    """Redirects that were seen, beside the clicks that were counted.

    Attributes:
        unknown: requests without an answer; each may be a click or not.
        lost: redirects without a click, by code.
        surplus: clicks more than redirects and requests without an answer, by code.
    """

    redirects: int
    clicks: int
    unknown: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    surplus: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether every redirect is a click, and every click a redirect."""
        return not self.lost and not self.surplus

    def __str__(self) -> str:
        unknown = f", and {self.unknown:,} requests died unanswered" if self.unknown else ""
        said = f"{self.redirects:,} redirects, {self.clicks:,} clicks{unknown}"
        if self.is_exact:
            return f"{said}: every redirect is counted once"
        return (
            f"{said}: {sum(self.lost.values()):,} clicks lost on {len(self.lost)} links,"
            f" {sum(self.surplus.values()):,} too many on {len(self.surplus)}"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out, and why.

    Attributes:
        violations: everything that the budget or the count forbids.
        doubts: why the run proves nothing.
        missed: goals that were not reached, which changes nothing about what came out.
    """

    outcome: Outcome
    violations: list[str]
    doubts: list[str]
    missed: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 for met, 1 for broken, 3 for void."""
        return EXIT_CODES[self.outcome]


def judge(
    lines: list[Line], generator: Generator, count: Count | None, cut: int, most_cut: int | None
) -> Verdict:
    """Weigh all that was measured.

    A wrong count is broken however the generator did: it is no matter of time. Clicks that are too
    many are one only if every visit was reported. Anything else is void when the generator was the
    bottleneck, or asked too seldom.

    Args:
        lines: the budget and its goals, compared.
        count: redirects beside clicks; None if nobody asked for it.
        cut: connections that ended before an answer.
        most_cut: how many of them the budget allows; None for any.
    """
    decisive = [line for line in lines if not line.goal and not line.is_kept]
    missed = [_missed(goal, lines) for goal in dict.fromkeys(_goals(lines))]
    miscounted, uncertain = _weigh(count, generator.strays)
    doubts = [*generator.faults, *uncertain]
    measured = generator.measured
    if measured.due:
        doubts += [str(line) for line in decisive if line.measure == "requests"]
    violations = [*miscounted, *(str(line) for line in decisive if line.measure != "requests")]
    if measured.unsent:
        violations.append(
            f"{measured.unsent:,} of {measured.due:,} requests were never sent:"
            " every connection still waited for an answer"
        )
    if most_cut is not None and cut > most_cut:
        violations.append(f"{cut} connections ended before an answer, at most {most_cut} may")
    if miscounted:
        return Verdict("broken", violations, doubts, missed)
    if doubts:
        return Verdict("void", violations, doubts, missed)
    return Verdict("broken" if violations else "met", violations, doubts, missed)


def reasons(verdict: Verdict) -> list[tuple[str, list[str]]]:
    """Return why it came out so: first what decided, and each kind under its name."""
    is_void = verdict.outcome == "void"
    broken = "Past the budget" if verdict.outcome == "broken" else "Would have been broken by"
    doubtful = "Why it proves nothing" if is_void else "In doubt"
    kinds = [(broken, verdict.violations), (doubtful, verdict.doubts)]
    kinds = [*(reversed(kinds) if is_void else kinds), (_MISSED, verdict.missed)]
    return [(title, told) for title, told in kinds if told]


def _weigh(count: Count | None, strays: str) -> tuple[list[str], list[str]]:
    """Return what is wrong with a count, and what can't be told of it."""
    if count is None or count.is_exact:
        return [], []
    if strays and not count.lost:
        surplus = sum(count.surplus.values())
        return [], [f"{surplus:,} clicks more than redirects can't be told apart: {strays}"]
    return [str(count)], []


def _goals(lines: list[Line]) -> Iterator[str]:
    return (line.goal for line in lines if line.goal and not line.is_kept)


def _missed(goal: str, lines: list[Line]) -> str:
    """Return one sentence for a goal, with the first of its lines: all redirects together."""
    missed = [line for line in lines if line.goal == goal and not line.is_kept]
    more = f", and {len(missed) - 1} lines more" if len(missed) > 1 else ""
    return f"{missed[0]}{more}"
