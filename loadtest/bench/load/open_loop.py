"""Open loop (openloop/openloop.c) that asks by a schedule and counts from the intended start."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.bench.load.closed_loop import LoadFailed
from loadtest.bench.machine.placement import Cores, pinned

#: Enough that a stall of Redis fills no queue here, few enough for every server to hold.
CONNECTIONS = 256
WARM_UP_SECONDS = 0.5
#: How long answers are waited for once all requests were due.
DRAIN_SECONDS = 10
_MARGIN_SECONDS = 5
_SOURCES = Path(__file__).with_name("openloop")


@dataclass(frozen=True, slots=True)
class OpenRun:
    """One variant at one rate.

    Attributes:
        rate: requests a second that were due.
        achieved: redirects a second.
        latency_ms: percentile (as text: ``99.9``; ``100`` is the maximum) to milliseconds.
        lag_ms: the same for how late the generator was by its own fault.
        redirected: redirects, those of the warm-up included.
        cpu_share: the generator's own CPU, 0 to 1.
        foreign_share: of the server's cores, what other programs took, if that was measured.
    """

    rate: float
    achieved: float
    planned: int
    redirected: int
    bad_status: int
    broken: int
    unanswered: int
    latency_ms: dict[str, float]
    lag_ms: dict[str, float]
    cpu_share: float
    foreign_share: float = 0.0

    @property
    def errors(self) -> int:
        return self.bad_status + self.broken + self.unanswered


@dataclass(frozen=True, slots=True)
class Schedule:
    """When requests are due.

    Attributes:
        seed: the same one gives the same arrivals.
        poisson: whether arrivals are random, as visitors are; at constant distance otherwise.
    """

    rate: float
    seconds: float
    seed: int
    poisson: bool = True
    warm_up_seconds: float = WARM_UP_SECONDS
    connections: int = CONNECTIONS


class Generator:
    """The compiled load generator, on cores of its own."""

    def __init__(self, program: Path, cores: Cores) -> None:
        self._program = program
        self._cores = cores

    def run(self, port: int, requests_path: Path, schedule: Schedule) -> OpenRun:
        """Send the requests of a file to a server and wait for the end.

        Raises:
            LoadFailed: when the generator failed.
        """
        with self.running(port, requests_path, schedule) as process:
            return finished(process, schedule)

    @contextmanager
    def running(
        self, port: int, requests_path: Path, schedule: Schedule
    ) -> Iterator["subprocess.Popen[str]"]:
        """Start the generator; it is killed when the block is left before its end."""
        argv = [str(self._program), *_options(port, requests_path, schedule)]
        process = subprocess.Popen(
            pinned(argv, self._cores), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def compiled(directory: Path) -> Path:
    """Build the generator into a folder unless it is there and newer than its sources.

    Raises:
        LoadFailed: when gcc is missing or refuses.
    """
    program = directory / "openloop"
    newest = max(source.stat().st_mtime for source in _SOURCES.iterdir())
    if program.exists() and program.stat().st_mtime > newest:
        return program
    if not shutil.which("gcc"):
        raise LoadFailed("the open-loop generator needs gcc: install gcc and libc6-dev")
    directory.mkdir(parents=True, exist_ok=True)
    argv = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    argv += ["-o", str(program), str(_SOURCES / "openloop.c"), "-lm"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(f"gcc refused the open-loop generator:\n{done.stderr}")
    return program


def finished(process: "subprocess.Popen[str]", schedule: Schedule) -> OpenRun:
    """Wait for a generator and read its figures.

    Raises:
        LoadFailed: when it printed none.
    """
    longest = schedule.warm_up_seconds + schedule.seconds + DRAIN_SECONDS + _MARGIN_SECONDS
    output, complaint = process.communicate(timeout=longest)
    try:
        figures: dict[str, Any] = json.loads(output)
        return OpenRun(**figures)
    except (json.JSONDecodeError, TypeError):
        raise LoadFailed(f"the open-loop generator failed: {complaint or output}") from None


def _options(port: int, requests_path: Path, schedule: Schedule) -> list[str]:
    flags = {
        "-p": port,
        "-f": requests_path,
        "-r": f"{schedule.rate:.3f}",
        "-t": schedule.seconds,
        "-w": schedule.warm_up_seconds,
        "-c": schedule.connections,
        "-d": DRAIN_SECONDS,
        "-s": schedule.seed,
    }
    options = [str(part) for flag in flags.items() for part in flag]
    return [*options, "-e"] if schedule.poisson else options
