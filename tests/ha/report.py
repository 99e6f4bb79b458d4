"""Report that shows what came out of each run, as JSON and in lines for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtest.common.latencies import Latencies
from tests.ha.accounts.counts import compare, told_unanswered
from tests.ha.accounts.outcome import Outcome
from tests.ha.accounts.recording import firsts, longest_gap
from tests.ha.accounts.targets import busy_share, judge, resumed, verdict_of
from tests.ha.options import CONFIRM, Asked, Options
from tests.ha.scenarios.scenario import Scenario

#: Numbers of clicks that are named, to look for them.
_NAMED = 20
_PERCENTILES = (50.0, 99.0, 99.9)
_COLOURS = {"met": "green", "missed": "red", "the machine's": "yellow"}


def figures(scenario: Scenario, asked: Asked, outcome: Outcome, options: Options) -> dict[str, Any]:
    """Return the figures of a run; ``verdict`` says whether every target was met.

    A time that is over its target because the machine was late fails nothing.
    """
    targets = judge(outcome, scenario.judges)
    counts = compare(outcome.clicks, outcome.stored)
    named = {name: value for name, value in counts._asdict().items() if isinstance(value, list)}
    share = busy_share(outcome)
    return {
        "verdict": verdict_of(targets, share, is_lenient=options.is_lenient),
        **asked._asdict(),
        "text": scenario.text,
        "server": outcome.store,
        "rate": options.rate or scenario.rate,
        "busy_share": round(share, 3),
        "targets": [one.figures() for one in targets],
        "sent": counts.sent,
        "counted": len(outcome.stored.counted),
        "lost_in_the_stream": len({entry.number for entry in outcome.entries} & set(counts.lost)),
        "spooled": outcome.spooled,
        "repeated_rows": counts.repeated_rows,
        "repeated_entries": len(outcome.entries) - len(firsts(outcome.entries)),
        "recording_gap_seconds": longest_gap(firsts(outcome.entries)).seconds,
        "struck": [[one.at_ms - outcome.struck[0].at_ms, one.text] for one in outcome.struck],
        "promotions": [_promotion(outcome, place) for place in range(len(outcome.promotions))],
        "latency_ms": _latencies(outcome),
        "links_disabled": len(outcome.switches),
        "links_undone": len({one.code for one in outcome.switches} - outcome.held),
        "noted": outcome.noted,
        **{f"{name}_numbers": numbers[:_NAMED] for name, numbers in named.items()},
        "unanswered": told_unanswered(outcome.clicks, outcome.struck[0].at_ms)[:_NAMED],
    }


def broken_off(asked: Asked, error: Exception) -> dict[str, Any]:
    """Return what is told of a run that could not be played to its end."""
    return {"verdict": "FAILED", **asked._asdict(), "error": f"{type(error).__name__}: {error}"}


def _promotion(outcome: Outcome, place: int) -> dict[str, Any]:
    """Return a promotion's moments, in milliseconds after the first blow."""
    one, struck_ms = outcome.promotions[place], outcome.struck[0].at_ms
    since_ms, recorded_ms = resumed(outcome)
    later = {click.number for click in outcome.clicks if click.sent_ms >= since_ms}
    counted_ms = min((ms for n, ms in outcome.stored.at_ms.items() if n in later), default=None)
    return {
        "promoted_ms": one.at_ms - struck_ms,
        "announced_ms": [at_ms - struck_ms for at_ms in one.announced_ms],
        **{
            name: None if at_ms is None else at_ms - struck_ms
            for name, at_ms in (
                ("takes_writes_ms", one.takes_writes_ms),
                ("recorded_ms", recorded_ms),
                ("counted_ms", counted_ms),
            )
        },
    }


def _latencies(outcome: Outcome) -> dict[str, float]:
    latencies = Latencies()
    for click in outcome.clicks:
        latencies.add((click.waited_ms + click.late_ms) / 1000)
    return {
        **{f"p{percentile:g}": latencies.at(percentile) for percentile in _PERCENTILES},
        "max": latencies.max_ms,
    }


def show(said: Mapping[str, Any], console: Console) -> None:
    """Print one run's verdict, a line for each target."""
    title = f"{label(said)}, {said['rate']:g} clicks a second: {said['verdict']}"
    table = Table(title=title, title_justify="left")
    for column in ("target", "found", "at most", "the machine's part", "verdict"):
        table.add_column(column, justify="left" if column == "target" else "right", no_wrap=True)
    for one in said["targets"]:
        unit = " ms" if one["is_time"] else ""
        part = f"{one['machine_ms']:,.0f} ms" if one["is_time"] else ""
        verdict = f"[{_COLOURS[one['verdict']]}]{one['verdict']}"
        values = (f"{value:,.0f}{unit}" for value in (one["found"], one["most"]))
        table.add_row(one["name"], *values, part, verdict)
    console.print(table)
    for line in _lines(said):
        console.print(line, highlight=False, soft_wrap=True)


def label(said: Mapping[str, Any]) -> str:
    """Return what a run was, for people."""
    words = [said["text"], said["server"]]
    if said["down_after_seconds"] is not None:
        words.append(f"down after {said['down_after_seconds']:g} s")
    if said["confirm"] != CONFIRM[0]:
        words.append(f"confirmed by a {said['confirm']}")
    return " · ".join(words)


def _lines(said: Mapping[str, Any]) -> list[str]:
    latency = ", ".join(f"{name} {ms:.1f}" for name, ms in said["latency_ms"].items())
    lines = [
        f"{said['counted']:,} clicks counted of {said['sent']:,} sent; nothing recorded for"
        f" {said['recording_gap_seconds']:.2f} s; {said['repeated_entries']:,} entries and"
        f" {said['repeated_rows']:,} rows repeat others",
        f"visitors waited, in ms: {latency}; the busiest process on their way waited for a"
        f" processor for {said['busy_share']:.1%} of the time",
        *(f"{name}: {value:g}" for name, value in said["noted"].items()),
        *(f"after the blow, in ms: {one}" for one in said["promotions"]),
    ]
    if said["links_disabled"]:
        lines.append(
            f"{said['links_disabled']:,} links disabled, {said['links_undone']:,} of them undone by"
            " the failover"
        )
    if said["lost_numbers"] or said["spooled"]:
        lines.append(
            f"of what is lost {said['lost_in_the_stream']:,} are in the stream;"
            f" {said['spooled']:,} clicks lie in spools"
        )
    named = {name: said[f"{name}_numbers"] for name in ("lost", "doubled", "unknown")}
    lines += [f"{name}: {numbers}" for name, numbers in named.items() if numbers]
    return [*lines, *(f"unanswered {told}" for told in said["unanswered"])]


def conclusion(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the last line: what the runs came to."""
    counts = Counter(run["verdict"] for run in runs)
    told = f"{counts['passed']} of {len(runs)} passed"
    if counts["void"]:
        told += f", {counts['void']} void: the machine had too much else to do, play them again"
    failed = [run["scenario"] for run in runs if run["verdict"] == "FAILED"]
    return told + (f", {len(failed)} FAILED: {', '.join(failed)}" if failed else "")


def exit_code(runs: Sequence[Mapping[str, Any]]) -> int:
    """Return what the command ends with."""
    verdicts = {run["verdict"] for run in runs}
    return 1 if "FAILED" in verdicts else 3 if "void" in verdicts else 0
