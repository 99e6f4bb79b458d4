"""Visitors at a constant rate, from outside the container but in its network."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtest.bench.load.open_loop import OpenRun, Schedule, compiled, finished
from loadtest.bench.load.requests import raw_requests
from tests.support.deploy.container import Container

PORT = 8080
RATE = 400
CONNECTIONS = 64
#: For so long they come before what is to disturb them, and after it.
CALM_SECONDS = 1.5
#: Longer than whatever they come for: they are told when it is over.
_LONGEST_SECONDS = 240.0


@dataclass
class Visits:
    """What visitors got; ``run`` is there once the load is over."""

    run: OpenRun | None = None


class Visitors:
    """Visitors of one link; everything that they ask for is a click of that link."""

    def __init__(self, machine: Container, directory: Path, code: str) -> None:
        self._machine = machine
        self._program = compiled(directory)
        self._requests = directory / f"{code}.requests"
        self._requests.write_bytes(raw_requests([code], PORT))

    @contextmanager
    def visiting(self) -> Iterator[Visits]:
        """Have them come while the block lasts; it is left when the last has been answered."""
        schedule = Schedule(RATE, _LONGEST_SECONDS, seed=1, connections=CONNECTIONS)
        options = {
            "-p": PORT, "-f": self._requests, "-r": RATE, "-t": schedule.seconds,
            "-c": CONNECTIONS, "-w": schedule.warm_up_seconds, "-d": 15, "-s": schedule.seed,
        }  # fmt: skip
        argv = [str(part) for option in options.items() for part in option]
        with subprocess.Popen(
            self._machine.in_network(str(self._program), *argv, "-e"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            visits = Visits()
            try:
                yield visits
                assert process.poll() is None, "the load was over before what it was to disturb"
                process.terminate()
                visits.run = finished(process, schedule)
            finally:
                process.kill()
