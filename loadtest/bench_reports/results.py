"""Results of the benchmark of reports, as tables, JSON and a picture."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from loadtest.bench_reports.questions import BEFORE, SAME, Run
from loadtest.common.command_line import new_table
from loadtest.common.environment import interpreter
from loadtest.common.plot import LIGHT, draw_bars, save

_PERCENT = 95


@dataclass(slots=True)
class Results:
    """All runs by question."""

    clicks: int
    links: int
    runs: dict[str, list[Run]] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether one scan found what six did."""
        found = {run.clicks for name in (BEFORE, SAME) for run in self.runs[name]}
        return len(found) == 1

    def speedup(self) -> float:
        """Return how often the question of before is answered now in the time of one of before."""
        before, now = (median(run.seconds for run in self.runs[name]) for name in (BEFORE, SAME))
        return before / now

    def as_json(self) -> dict[str, Any]:
        """Return everything as it was measured."""
        return {
            "interpreter": interpreter(),
            "cores": len(os.sched_getaffinity(0)),
            "clicks": self.clicks,
            "links": self.links,
            "runs": {name: [asdict(run) for run in runs] for name, runs in self.runs.items()},
            "speedup": self.speedup(),
            "exact": self.is_exact,
        }


def slowest_of_twenty_ms(runs: list[Run]) -> float:
    """Return the 95th percentile, in milliseconds; of few runs the slowest."""
    seconds = [run.seconds for run in runs]
    many = len(seconds) >= 20
    return 1000 * (quantiles(seconds, n=100)[_PERCENT - 1] if many else max(seconds))


def print_report(results: Results, console: Console) -> None:
    """Print what each question took."""
    title = f"Reports over {results.clicks:,} clicks of {results.links:,} links"
    table = new_table(title, "question", "median ms", "p95 ms", "ClickHouse CPU ms", "clicks")
    for name, runs in results.runs.items():
        table.add_row(
            name,
            f"{1000 * median(run.seconds for run in runs):,.0f}",
            f"{slowest_of_twenty_ms(runs):,.0f}",
            f"{1000 * median(run.clickhouse_seconds for run in runs):,.0f}",
            f"{runs[0].clicks:,}",
        )
    console.print(table)
    verdict = "the same clicks" if results.is_exact else "NOT the same clicks"
    console.print(f"six scans ÷ one: {results.speedup():.1f}, and {verdict}")


def draw(results: Results, path: Path) -> None:
    """Write one picture: the median of each question as bars."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots()
    medians = {
        name: 1000 * median(run.seconds for run in runs)
        for name, runs in reversed(results.runs.items())
    }
    draw_bars(axes, medians, [LIGHT["c7" if name == BEFORE else "good"] for name in medians])
    axes.set_title(f"Milliseconds until a report is there, {results.clicks:,} clicks")
    save(figure, path)
