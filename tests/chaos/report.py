"""Report that shows a run's figures, as JSON and as a table for people."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.accounts.intervals import Intervals
from tests.chaos.accounts.links import overused, stale, undone
from tests.chaos.accounts.verdict import InjectedFault, Verdict, effects, intervals, judge, overlaps
from tests.chaos.accounts.waits import PROMISED_MS, STARTS_MS, Wait, judge_waits
from tests.chaos.faults.plan import FORGETS_USES, LOSES_TAIL, MAKES_WAIT, UNHEARD
from tests.chaos.monitors.run_queue import Delay
from tests.chaos.options import Options
from tests.chaos.run import Outcome

#: Numbers of lost and doubled clicks that are named, to look for them.
_NAMED = 20
_NAMED_CODES = 3
_NAMED_WAITS = 5
#: No worker may need more, whatever visitors send.
_WORKER_BYTES = 256 << 20
_COLUMNS = ("injected", "answered", "lost", "doubled", "duplicate rows", "recovery s", "worst s")


def figures(options: Options, outcome: Outcome) -> dict[str, Any]:
    """Return the figures of a run; ``passed`` says whether every promise was kept."""
    clicks, injected = outcome.clicks, outcome.injected
    verdict = judge(clicks, outcome.stored, outcome.reported, injected, outcome.redirected)
    table = effects(clicks, outcome.stored, verdict, injected, outcome.samples)
    said = {
        "seed": options.seed,
        "command": options.command,
        "store": outcome.store,
        "seconds": options.seconds,
        **_counts(verdict),
        **_links(outcome),
        "waits": _waits(outcome),
        "doors": dict(Counter(click.via for click in clicks if click.is_answered)),
        "settled": outcome.is_settled,
        "misreported": verdict.misreported,
        "audit": _audit(*outcome.audit) | {"sees_a_planted_loss": outcome.audit_sees},
        "complaints": [*outcome.complaints, *_outgrown(outcome.largest_worker_bytes)],
        "largest_worker_mib": outcome.largest_worker_bytes >> 20,
        "faults": dict(Counter(one.kind for one in injected)),
        "overlaps": {" + ".join(pair): n for pair, n in sorted(overlaps(injected).items())},
        "effects": [each._asdict() for each in table],
        "lost_numbers": verdict.lost[:_NAMED],
        "doubled_numbers": verdict.doubled[:_NAMED],
    }
    return {"passed": verdict.is_good and not _failures(said, options), **said}


def _links(outcome: Outcome) -> dict[str, Any]:
    unheard = intervals(outcome.injected, UNHEARD)
    lost_tails = intervals(outcome.injected, LOSES_TAIL)
    gone = undone(outcome.changes, outcome.truths, lost_tails)
    return {
        "stale": stale(outcome.clicks, outcome.truths, unheard),
        "overused": overused(outcome.clicks, intervals(outcome.injected, FORGETS_USES)),
        "changes": sum(change.is_confirmed for change in outcome.changes),
        "changes_undone": [change._asdict() for change in gone],
        "changes_undone_with_a_tail": len(undone(outcome.changes, outcome.truths, Intervals([])))
        - len(gone),
    }


def _waits(outcome: Outcome) -> dict[str, Any]:
    hits = intervals(outcome.injected, MAKES_WAIT, STARTS_MS)
    waits = judge_waits(outcome.clicks, outcome.stalls, outcome.delays, hits)
    return {
        "hit": waits.hit,
        "starved": waits.starved,
        "unexplained": len(waits.unexplained),
        "slowest_ms": round(waits.slowest_ms, 1),
        "stalled_ms": sum(stall.to_ms - stall.from_ms for stall in outcome.stalls),
        "named": [
            {
                **wait._asdict(),
                "meanwhile": _meanwhile(outcome.injected, wait.sent_ms),
                "delayed": _delayed(outcome.delays, wait),
            }
            for wait in sorted(waits.unexplained, key=lambda wait: -wait.waited_ms)[:_NAMED]
        ],
    }


def _meanwhile(injected: Iterable[InjectedFault], at_ms: int) -> list[str]:
    return [one.kind for one in injected if one.from_ms <= at_ms <= one.to_ms + STARTS_MS]


def _delayed(delays: Iterable[Delay], wait: Wait) -> list[str]:
    """Return who waited for a processor meanwhile, for how many milliseconds."""
    until_ms = wait.sent_ms + wait.waited_ms
    return [
        f"{one.role} {one.waited_ms:.0f}"
        for one in delays
        if one.to_ms >= wait.sent_ms and one.from_ms <= until_ms
    ]


def _outgrown(largest_bytes: int) -> list[str]:
    if largest_bytes <= _WORKER_BYTES:
        return []
    return [f"a redirect worker held {largest_bytes >> 20} MiB"]


def _failures(said: Mapping[str, Any], options: Options) -> list[str]:
    """Return what fails a run beside lost and doubled clicks, in words."""
    audit, waits = said["audit"], said["waits"]
    found = {
        "not everything was processed in time": not said["settled"],
        "hopline audit finds a difference": not audit["is_balanced"],
        "hopline audit is blind to a click that was taken away": not audit["sees_a_planted_loss"],
        f"{len(said['stale']):,} visitors were sent where a link led no more": said["stale"],
        f"limited links were followed too often: {said['overused']}": said["overused"],
        f"{len(said['changes_undone']):,} changes of links were undone": said["changes_undone"],
        f"{waits['unexplained']:,} visitors waited longer than {PROMISED_MS:g} ms for no reason": (
            waits["unexplained"] and options.judges_waits
        ),
    }
    return [text for text, is_so in found.items() if is_so] + list(said["complaints"])


def _audit(exit_code: int, found: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an audit says in sum; its minutes would fill pages."""
    sums = {name: (found or {}).get(name) for name in ("total", "entries", "gaps")}
    return {"is_balanced": exit_code == 0, **sums}


def _counts(verdict: Verdict) -> dict[str, int]:
    return {
        "sent": verdict.sent,
        "answered": verdict.answered,
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "unknown": len(verdict.unknown),
        "allowed": len(verdict.allowed),
        "duplicate_rows": verdict.duplicate_rows,
    }


def show(said: Mapping[str, Any], options: Options, console: Console) -> None:
    """Print the table, the sums and how to repeat the run."""
    table = Table(title=f"{said['seconds']:g} seconds on {said['store']}")
    table.add_column("fault", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for effect in said["effects"]:
        name, *counts, recovery = effect.values()
        seconds = [f"{one:.1f}" for one in recovery] if recovery else ["never"] * 2
        table.add_row(name, *(f"{count:,}" for count in counts), *seconds)
    console.print(table)
    for line in _lines(said, options):
        console.print(line, highlight=False, soft_wrap=True)


def _lines(said: Mapping[str, Any], options: Options) -> list[str]:
    kinds, injected = len(said["faults"]), sum(said["faults"].values())
    waits, pairs = said["waits"], said["overlaps"]
    ways = ", ".join(f"{count:,} {via}" for via, count in sorted(said["doors"].items()))
    lines = [
        f"{injected:,} faults of {kinds} kinds; {said['answered']:,} clicks answered of"
        f" {said['sent']:,} sent ({ways})",
        f"{sum(pairs.values()):,} times two faults overlapped, {len(pairs):,} different pairs",
        f"{said['lost']:,} lost, {said['doubled']:,} doubled in the report,"
        f" {said['duplicate_rows']:,} physical duplicate rows",
        f"{said['allowed']:,} lost with redirect workers killed while Redis was away (allowed)",
        f"{said['changes']:,} changes of links; {said['changes_undone_with_a_tail']:,} went with"
        " Redis' last second",
        f"waited longer than {PROMISED_MS:g} ms: {waits['hit']:,} by a fault of their own process"
        f" or machine, {waits['starved']:,} on a busy machine, {waits['unexplained']:,} for no"
        f" such reason; the slowest of all others {waits['slowest_ms']:g} ms",
        f"the largest redirect worker held {said['largest_worker_mib']} MiB",
    ]
    lines += [f"  {wait}" for wait in waits["named"][:_NAMED_WAITS]]
    lines += _failures(said, options)
    for code, (shown, stored) in sorted(said["misreported"].items())[:_NAMED_CODES]:
        lines.append(f"hopline stats {code} shows {shown:,} clicks, {stored:,} were sent and came")
    named = {name: said[f"{name}_numbers"] for name in ("lost", "doubled")}
    lines += [f"{name}: {numbers}" for name, numbers in named.items() if numbers]
    return [*lines, "passed" if said["passed"] else "FAILED", f"again: {said['command']}"]
