"""Process of the visitors, seen from the run."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from app.processes.child import Child, Program
from tests.chaos.visitors.behaviour import Behaviour, write_behaviour

#: A worker that only sleeps for some seconds still answers.
PATIENCE_SECONDS = 8.0
_END_SECONDS = 30.0


class VisitorProcess:
    """Visitors come as long as the context lasts, or until :meth:`end`.

    Args:
        ways: names and addresses (``HOST:PORT``) of where they come in.
        patience_seconds: after which a visitor gives up.
        codes: what they follow by turns; those of :mod:`tests.chaos.visitors.codes` if empty.
    """

    def __init__(
        self,
        ways: dict[str, str],
        rate: float,
        log: Path,
        codes: Sequence[str] = (),
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.behaviour = Behaviour()
        self._behaviour_path = log.with_name("visitors.behaviour")
        options = ("--ways", json.dumps(ways), "--rate", str(rate), "--log", str(log))
        more = ("--behaviour", str(self._behaviour_path), "--codes", json.dumps(codes))
        patience = ("--patience", str(patience_seconds))
        argv = (
            sys.executable,
            "-m",
            "tests.chaos.visitors.load_generator",
            *options,
            *more,
            *patience,
        )
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

    def behave(self, behaviour: Behaviour) -> None:
        """Have more of them come, or more of them be hostile."""
        self.behaviour = behaviour
        write_behaviour(self._behaviour_path, behaviour)

    def end(self) -> None:
        """Let those who wait for an answer get it, and no more come.

        Raises:
            RuntimeError: the visitors ended before, or did not end now.
        """
        was_running = self.is_running
        if not self._child.stop(_END_SECONDS) or not was_running:
            raise RuntimeError(self._child.epitaph())
