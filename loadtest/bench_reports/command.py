"""Command of Hopline's that is run once, with what it took."""

import time
from dataclasses import dataclass

import psutil

from loadtest.bench_reports.installation import Installation
from loadtest.common.processes import of_living

_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of a command took.

    Attributes:
        clickhouse_seconds: CPU time of the server's, of others who ask it meanwhile as well.
        peak_bytes: the most memory that the command had.
    """

    seconds: float
    clickhouse_seconds: float
    peak_bytes: int


def run_once(installation: Installation, *arguments: str, **settings: str) -> Ran:
    """Run a command to its end.

    Args:
        settings: other variables of its environment.

    Raises:
        RuntimeError: the command failed.
    """
    cpu, began = installation.cpu().clickhouse, time.perf_counter()
    process = installation.started(*arguments, **settings)
    peak_bytes = 0
    while process.poll() is None:
        sizes = of_living([psutil.Process(process.pid)], lambda one: one.memory_info().rss)
        peak_bytes = max(peak_bytes, *sizes, 0)
        time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"hopline {arguments[0]} ended with {process.returncode}")
    return Ran(seconds, installation.cpu().clickhouse - cpu, peak_bytes)
