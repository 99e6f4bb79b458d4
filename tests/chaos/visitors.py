"""The visitors' process, seen from the run."""

import os
import sys
from pathlib import Path
from typing import Self

from app.local.child import Child, Program

_END_SECONDS = 20.0


class Visiting:
    """Visitors come as long as the context lasts, or until :meth:`end`."""

    def __init__(self, port: int, rate: float, log: Path, codes: list[str]) -> None:
        options = ("--port", str(port), "--rate", str(rate), "--log", str(log))
        argv = (sys.executable, "-m", "tests.chaos.load", *options, *codes)
        program = Program("visitors", argv, dict(os.environ), lambda: True)
        self._child = Child(program, log.with_name("visitors.log"))

    def __enter__(self) -> Self:
        self._child.spawn()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    def end(self) -> None:
        """Let those who wait for an answer get it, and no more come.

        Raises:
            RuntimeError: the visitors ended before, or did not end now.
        """
        was_running = self.is_running
        if not self._child.stop(_END_SECONDS) or not was_running:
            raise RuntimeError(self._child.epitaph())
