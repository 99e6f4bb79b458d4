"""Process of `python -m workers`, with what a test wants to know about it."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil

from app.config.settings import Settings
from app.processes.child import Child, Program
from loadtest.common.processes import below, of_living
from tests.support.servers import environ_of

STOP_SECONDS = 60.0
#: What a busy machine inserts in its time to drain, and so whether it stops cleanly, is not what
#: tests are about; nor are metrics.
_PATIENT = {"workers_metrics_bind": "off", "drain_seconds": 40.0}
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0


class Workers:
    """A supervisor and its consumers; at the end of the context nothing of them is left.

    Args:
        settings: those given explicitly are handed down as environment variables.
        log: file that gets what they write.
        module: what to run instead of the workers.
    """

    def __init__(self, settings: Settings, log: Path, module: str = "workers") -> None:
        given = {name: getattr(settings, name) for name in settings.model_fields_set}
        environ = environ_of(**{**_PATIENT, **given})
        self._child = Child(Program("workers", (sys.executable, "-m", module), environ), log)

    def __enter__(self) -> Self:
        self._child.spawn()
        return self

    def __exit__(self, *_: object) -> None:
        consumers = self.consumers()
        self._child.kill()
        # Each would go on until no click has come for a while. One that waits to be looked after by
        # a new parent, which may take seconds, is gone as well.
        list(of_living(consumers, lambda one: one.kill()))
        wait_until(lambda: set(of_living(consumers, _state)) <= {psutil.STATUS_ZOMBIE})

    @property
    def log(self) -> str:
        return self._child.log_path.read_text()

    @property
    def pid(self) -> int:
        return self._child.pid

    def consumers(self) -> list[psutil.Process]:
        """Return the consumer processes, told by their titles."""
        return below(self.pid, "hopline: consumer", recursive=False)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Tell the supervisor to stop, wait until it has, return its exit code."""
        self.signal(number)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send the supervisor a signal."""
        self._child.send_signal(number)

    def wait(self) -> int | None:
        """Wait until the supervisor has ended, return its exit code."""
        assert self._child.wait(STOP_SECONDS), self.log
        return self._child.exit_code


def _state(process: psutil.Process) -> str:
    return process.status()


def wait_until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until a condition is true; fail when it takes longer.

    A look that costs much, as a report or a command does, is followed by a longer pause: it would
    take the processors from what is waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        assert now < deadline, f"not true within {seconds} s"
        time.sleep(min(max(_PAUSE_SECONDS, 3 * (now - began)), _LONGEST_PAUSE_SECONDS))
