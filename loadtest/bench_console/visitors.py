"""Visitors whose redirects are timed in turn, alone and beside many who watch clicks live."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from loadtest.bench.load.open_loop import Generator, OpenRun, Schedule, compiled
from loadtest.bench.load.requests import raw_requests
from loadtest.bench.machine.placement import available_cores
from loadtest.bench_console.store import code_of
from loadtest.bench_console.watchers import watching
from loadtest.bench_reports.installation import Installation
from loadtest.common.command_line import Say
from loadtest.common.processes import below, of_living

#: Redirects a second, as a busy installation has them, and of how many links.
RATE, _LINKS = 500, 100
#: How often they are timed without and with those who watch.
PAIRS = 4
#: What runs without may differ among themselves by, so that a difference can be told at all.
_MOST_SPREAD = 1.5


@dataclass(slots=True)
class Visited:
    """Redirects while nobody watched, and while so many did.

    Attributes:
        console_bytes: the most that the console's processes had while they did.
    """

    streams: int
    without: list[OpenRun] = field(default_factory=list)
    beside: list[OpenRun] = field(default_factory=list)
    console_bytes: int = 0

    @property
    def ratio(self) -> float:
        """p99 beside those who watch ÷ without, medians of all runs."""
        return median(_p99s(self.beside)) / max(median(_p99s(self.without)), 1e-9)

    @property
    def is_calm(self) -> bool:
        """Whether the machine gave runs of the same kind about the same."""
        found = _p99s(self.without)
        return max(found) <= min(found) * _MOST_SPREAD

    def as_json(self) -> dict[str, Any]:
        """Return all runs as they were measured."""
        return {**asdict(self), "ratio": self.ratio, "is_calm": self.is_calm}


def _p99s(runs: list[OpenRun]) -> list[float]:
    return [run.latency_ms["99"] for run in runs]


def visit(
    installation: Installation, folder: Path, streams: int, seconds: float, say: Say
) -> Visited:
    """Time redirects for so many seconds in turn: nobody watches, many do, A B A B.

    Raises:
        LoadFailed: the load generator can't be built or failed.
    """
    generator = Generator(compiled(folder / "openloop"), tuple(available_cores()))
    port = int(installation.redirect.rpartition(":")[2])
    requests = folder / "requests"
    requests.write_bytes(raw_requests([code_of(number) for number in range(_LINKS)], port))
    console = below(installation.up_pid, "[hopline-console]")
    found = Visited(streams)
    for number in range(2 * PAIRS):
        with ExitStack() as stack:
            if number % 2:
                stack.enter_context(watching(installation.console, streams))
            schedule = Schedule(rate=RATE, seconds=seconds, seed=number // 2)
            run = generator.run(port, requests, schedule)
            if number % 2:
                found.console_bytes = max(found.console_bytes, _memory(console))
        (found.beside if number % 2 else found.without).append(run)
        who = f"beside {streams} who watch" if number % 2 else "alone"
        say(f"redirects {who}: p99 {run.latency_ms['99']:.2f} ms")
    return found


def _memory(processes: list[psutil.Process]) -> int:
    return sum(of_living(processes, lambda one: one.memory_info().rss))
