"""Tables that show a person the figures, and what they say about the targets."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from loadtest.bench.report.figures import ratio
from loadtest.bench.report.results import LEVELS, Results, VariantResult
from loadtest.bench.report.targets import Judgement, rps_ratio
from loadtest.common.command_line import new_table

_BASE = "stock"
_COLOURS = {"met": "green", "not met": "red", "void": "yellow", "not measured": "dim"}


def print_report(results: Results, judgements: list[Judgement], console: Console) -> None:
    """Print every table, and below them what limits their meaning."""
    for table in (_throughput(results), _latency(results), _targets(judgements)):
        console.print(table)
    for line in _remarks(results):
        console.print(line, style="yellow", highlight=False)


def _throughput(results: Results) -> Table:
    table = new_table(
        "Closed loop, 64 connections: medians",
        *("variant", "req/s", f"÷ {_BASE}", "÷ nginx", "CPU µs", "Redis µs"),
        *("p50 ms", "p99 ms", "worker MB", "idle conn. B"),
    )
    for name, result in results.variants.items():
        if (run := result.closed) is None:
            continue
        table.add_row(
            result.variant.title + (" (void)" if result.closed_void else ""),
            f"{run.rps:,.0f}",
            _number(rps_ratio(results, name, _BASE), 1),
            _number(rps_ratio(results, name, "nginx"), 2),
            _number(run.cpu_us, 1),
            _number(run.redis_cpu_us, 1),
            _number(run.p50_ms, 2),
            _number(run.p99_ms, 2),
            _number(ratio(result.worker_bytes, 1_000_000), 1),
            _number(result.connection_bytes, 0),
        )
    return table


def _latency(results: Results) -> Table:
    table = new_table(
        "Open loop, latency from the intended start: medians, ms",
        *("variant", "load", "req/s", "p50", "p90", "p99", "p99.9", "max", "errors", "lag p99"),
    )
    for result in results.variants.values():
        for level in LEVELS:
            if cells := _latency_cells(result, level):
                table.add_row(*cells, end_section=level == LEVELS[-1])
    return table


def _latency_cells(result: VariantResult, level: int) -> list[str]:
    run = result.at(level)
    if run is None:
        return []
    percentiles = [run.latency_ms[name] for name in ("50", "90", "99", "99.9", "100")]
    return [
        result.variant.title if level == LEVELS[0] else "",
        f"{level} %" + (" (void)" if result.open_void(level) else ""),
        f"{run.achieved:,.0f}",
        *(f"{value:.2f}" for value in percentiles),
        f"{run.errors:.0f}",
        f"{run.lag_ms['99']:.2f}",
    ]


def _targets(judgements: list[Judgement]) -> Table:
    table = new_table("Targets", "target", "needed", "found", "verdict")
    for one in judgements:
        bound = "≥" if one.at_least else "≤"
        found = "" if one.found is None or one.void else f"{one.found:,.2f} {one.unit}".rstrip()
        verdict = f"[{_COLOURS[one.verdict]}]{one.verdict}[/]"
        table.add_row(one.name, f"{bound} {one.need:g} {one.unit}", found, verdict)
    return table


def _remarks(results: Results) -> Iterator[str]:
    for name, result in results.variants.items():
        if result.closed_void:
            yield f"{name}: throughput void, {result.closed_void}"
        for level in LEVELS:
            if void := result.open_void(level):
                yield f"{name}: latency at {level} % void, {void}"
    if results.scaling and results.scaling.void:
        yield f"two workers: {results.scaling.void}"
    for name, reason in results.absent.items():
        yield f"{name}: absent, {reason}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
