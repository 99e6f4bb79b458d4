"""`python -m workers` as a real process, with what a test wants to know about it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil

from app.settings import Settings, variable

STOP_SECONDS = 60.0


class Workers:
    """A supervisor and its consumers; at the end of the context nothing of them is left.

    Args:
        settings: those given explicitly are handed down as environment variables.
        log: file that gets what they write.
        module: what to run instead of the workers.
    """

    def __init__(self, settings: Settings, log: Path, module: str = "workers") -> None:
        given = {variable(name): str(getattr(settings, name)) for name in settings.model_fields_set}
        kept = {name: text for name, text in os.environ.items() if not name.startswith("HOPLINE_")}
        self._environment = {"HOPLINE_WORKERS_METRICS_BIND": "off", **kept, **given}
        self._log = log
        self._module = module

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module], env=self._environment, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        everything = self.consumers()
        self._process.kill()
        self._process.wait()
        for consumer in everything:
            if consumer.is_running():
                consumer.kill()
        psutil.wait_procs(everything, timeout=STOP_SECONDS)

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    def consumers(self) -> list[psutil.Process]:
        """Return the consumer processes, told by their titles."""
        try:
            children = psutil.Process(self.pid).children()
            return [one for one in children if _title(one).startswith("hopline: consumer")]
        except psutil.NoSuchProcess:
            return []

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell the supervisor to stop, wait until it has, return its exit code."""
        self._process.send_signal(number)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send the supervisor a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until the supervisor has ended, return its exit code."""
        return self._process.wait(STOP_SECONDS)


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a condition is true; fail when it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.05)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
