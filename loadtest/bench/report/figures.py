"""Medians of runs, and the test whether a load generator was good enough for them to count."""

from collections.abc import Sequence
from dataclasses import fields
from statistics import median
from typing import Any, TypeVar

from loadtest.bench.load.closed_loop import ClosedRun
from loadtest.bench.load.open_loop import OpenRun

Run = TypeVar("Run", ClosedRun, OpenRun)

#: A core this busy has nothing left to give.
SATURATED = 0.95
#: Of the generator's own core, in the open loop; above it is late too often.
_TOO_BUSY = 0.9
#: Lateness (p99) that doesn't matter, whatever the latency.
_LAG_MS = 1.0
#: Share of the server's core that other programs may take before nothing is comparable.
_TOO_NOISY = 0.1
#: Errors past this share of the answers make a rate the rate of errors.
_TOO_MANY_ERRORS = 0.01


def median_run(runs: Sequence[Run]) -> Run:
    """Return the run whose every figure is the median of that figure."""
    first = runs[0]
    middle = {f.name: _median([getattr(run, f.name) for run in runs]) for f in fields(first)}
    return type(first)(**middle)


def ratio(one: float | None, other: float | None) -> float | None:
    """Return one ÷ other, or None when either was not measured or the other is 0."""
    return one / other if one is not None and other else None


def closed_void(run: ClosedRun) -> str:
    """Return why a closed-loop figure says nothing about the server, or an empty text."""
    if run.errors > run.requests * _TOO_MANY_ERRORS:
        return f"{run.errors:.0f} answers were errors"
    if noise := _noise(run.foreign_share):
        return noise
    if run.generator_core_busy >= SATURATED > run.server_core_busy:
        return (
            f"load generator was the bottleneck: its core {run.generator_core_busy:.0%} busy, "
            f"the server's {run.server_core_busy:.0%}"
        )
    return ""


def open_void(run: OpenRun) -> str:
    """Return why open-loop latencies say nothing about the server, or an empty text."""
    if noise := _noise(run.foreign_share):
        return noise
    lag_ms = run.lag_ms["99"]
    if run.cpu_share >= _TOO_BUSY:
        return f"load generator was the bottleneck: it used {run.cpu_share:.0%} of its core"
    if lag_ms > max(_LAG_MS, run.latency_ms["99"] / 2):
        return f"load generator was the bottleneck: it was late by {lag_ms:.1f} ms (p99)"
    return ""


def _noise(foreign_share: float) -> str:
    if foreign_share <= _TOO_NOISY:
        return ""
    return f"other programs took {foreign_share:.0%} of the server's core"


def _median(values: Sequence[Any]) -> Any:
    if isinstance(values[0], dict):
        return {key: median(value[key] for value in values) for key in values[0]}
    return median(values)
