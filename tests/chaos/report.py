"""What a run says: its figures as JSON, and the same as a table for people."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.options import Options
from tests.chaos.run import Outcome
from tests.chaos.verdict import Verdict, effects, judge

#: Numbers of lost and doubled clicks that are named, to look for them.
_NAMED = 20
_NAMED_CODES = 3
_COLUMNS = ("injected", "answered", "lost", "doubled", "duplicate rows", "recovery s", "worst s")


def figures(options: Options, outcome: Outcome) -> dict[str, Any]:
    """Return the figures of a run; ``passed`` says whether nothing is lost or doubled."""
    verdict = judge(outcome.clicks, outcome.stored, outcome.reported, outcome.struck)
    table = effects(outcome.clicks, outcome.stored, verdict, outcome.struck, outcome.looks)
    return {
        "passed": verdict.is_good and outcome.is_settled and outcome.audit[0] == 0,
        "seed": options.seed,
        "command": options.command,
        "store": outcome.store,
        "seconds": options.seconds,
        **_counts(verdict),
        "settled": outcome.is_settled,
        "misreported": verdict.misreported,
        "audit": _audit(*outcome.audit),
        "faults": dict(Counter(one.kind for one in outcome.struck)),
        "effects": [each._asdict() for each in table],
        "lost_numbers": verdict.lost[:_NAMED],
        "doubled_numbers": verdict.doubled[:_NAMED],
    }


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


def show(said: Mapping[str, Any], console: Console) -> None:
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
    for line in _lines(said):
        console.print(line, highlight=False, soft_wrap=True)


def _lines(said: Mapping[str, Any]) -> list[str]:
    kinds, injected = len(said["faults"]), sum(said["faults"].values())
    lines = [
        f"{injected:,} faults of {kinds} kinds; {said['answered']:,} clicks answered of"
        f" {said['sent']:,} sent",
        f"{said['lost']:,} lost, {said['doubled']:,} doubled in the report,"
        f" {said['duplicate_rows']:,} physical duplicate rows",
        f"{said['allowed']:,} lost with redirect workers killed while Redis was away (allowed)",
    ]
    if not said["settled"]:
        lines.append("not everything was processed in time")
    if not said["audit"]["is_balanced"]:
        lines.append("hopline audit finds a difference")
    for code, (shown, stored) in sorted(said["misreported"].items())[:_NAMED_CODES]:
        lines.append(f"hopline stats {code} shows {shown:,} clicks, {stored:,} were sent and came")
    named = {name: said[f"{name}_numbers"] for name in ("lost", "doubled")}
    lines += [f"{name}: {numbers}" for name, numbers in named.items() if numbers]
    return [*lines, "passed" if said["passed"] else "FAILED", f"again: {said['command']}"]
