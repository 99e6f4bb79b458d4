"""The visitors' process, seen from the run."""

import json
import sys
from pathlib import Path
from typing import Self

from app.processes.child import Child, Program
from tests.chaos.mood import Mood, write_mood

_END_SECONDS = 20.0


class Visiting:
    """Visitors come as long as the context lasts, or until :meth:`end`."""

    def __init__(self, doors: dict[str, int], rate: float, log: Path) -> None:
        self.mood = Mood()
        self._mood_path = log.with_name("visitors.mood")
        options = ("--doors", json.dumps(doors), "--rate", str(rate), "--log", str(log))
        files = ("--mood", str(self._mood_path))
        argv = (sys.executable, "-m", "tests.chaos.load", *options, *files)
        self._child = Child(Program("visitors", argv), log.with_name("visitors.log"))

    def __enter__(self) -> Self:
        self._child.spawn()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    def behave(self, mood: Mood) -> None:
        """Have more of them come, or more of them be hostile."""
        self.mood = mood
        write_mood(self._mood_path, mood)

    def end(self) -> None:
        """Let those who wait for an answer get it, and no more come.

        Raises:
            RuntimeError: the visitors ended before, or did not end now.
        """
        was_running = self.is_running
        if not self._child.stop(_END_SECONDS) or not was_running:
            raise RuntimeError(self._child.epitaph())
