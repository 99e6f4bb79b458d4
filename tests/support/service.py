"""Service under test that is brought back whenever it ends, as an init system does."""

import logging
import math
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil

from app.processes.child import Child, Program, ending
from loadtest.common.processes import below, tree

logger = logging.getLogger(__name__)


class Service:
    """A program that :meth:`keep` starts again, unless it is to stay down for a while.

    Args:
        environ: set beside the program's own.
        inherited: file descriptors that it gets, beside the standard ones.
    """

    def __init__(
        self,
        program: Program,
        log_path: Path,
        environ: dict[str, str],
        inherited: tuple[int, ...] = (),
    ) -> None:
        whole = replace(program, environ={**program.environ, **environ})
        self._child = Child(whole, log_path, inherited)
        self._down_until = 0.0
        self.starts = 0

    @property
    def name(self) -> str:
        return self._child.program.name

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_ready(self) -> bool:
        """Whether the program runs and answers; may block for a second."""
        return self._child.is_running and self._child.program.is_ready()

    def keep(self) -> None:
        """Start the program if it has ended and may come back; main thread only."""
        if self._child.is_running or time.monotonic() < self._down_until:
            return
        if self.starts:
            logger.info("%s %s", self._child.program.name, ending(self._child.exit_code))
        self.spawn()

    def spawn(self) -> None:
        """Start the program; main thread only."""
        self._down_until = 0.0
        self._child.spawn()
        self.starts += 1

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    def wait_until_ready(self, seconds: float) -> None:
        self._child.wait_until_ready(seconds)

    def stop(self, seconds: float) -> bool:
        """Ask the program to end, and have it stay down; tell whether it obeyed in time."""
        self._down_until = math.inf
        return self._child.stop(seconds)

    def kill(self, down_seconds: float = 0.0) -> None:
        """kill -9 of the program and all that it started; it stays down for a while."""
        self._down_until = time.monotonic() + down_seconds
        self._child.kill()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program's first process."""
        self._child.send_signal(number)

    def children(self) -> list[psutil.Process]:
        """Return what the first process started and what still runs."""
        return below(self.pid, recursive=False)

    def processes(self) -> list[psutil.Process]:
        """Return the first process, if it runs, and all that runs below it."""
        return tree(self.pid) if self.is_running else []
