"""Installation that a run breaks: its folder, its services, and how a run waits for it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from app.config.settings import Settings
from app.processes.child import Program
from app.stores.clickhouse.connection import connect
from tests.support.servers import environ_of
from tests.support.service import Service

_HOPLINE = str(Path(sys.executable).with_name("hopline"))
#: An audit of a million clicks takes a while.
_COMMAND_SECONDS = 600
_QUERY_SECONDS = 60.0
_GONE_SECONDS = 60.0


class Installation:
    """Base of what `make chaos` and `make ha` put under test.

    Attributes:
        directory: of everything's files; it is made.
        settings: of the operator's commands.
    """

    settings: Settings

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def kept(self) -> tuple[Service, ...]:
        """What is brought back when it ends, in the order in which it starts."""
        raise NotImplementedError

    def keep(self) -> None:
        """Bring back what has ended and wasn't killed on purpose; main thread only."""
        for service in self.kept:
            service.keep()

    def wait(self, condition: Callable[[], object], seconds: float) -> bool:
        """Keep everything up until a condition holds; tell whether it did in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.keep()
            time.sleep(0.05)
        return True

    def ask_clickhouse(self, query: str, columnar: bool = False) -> Any:
        """Run a query over a connection of its own, past whatever stands between the parts."""
        with connect(self.settings.clickhouse_url, timeout_seconds=_QUERY_SECONDS) as client:
            return client.execute(query, columnar=columnar)

    def environ(self, settings: Settings) -> dict[str, str]:
        """Return the environment of a process of Hopline's under these settings."""
        given = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
        return environ_of(**given)

    def hopline(self, *arguments: str) -> tuple[int, Any]:
        """Run the operator's command; return its exit code and the JSON that it wrote."""
        done = subprocess.run(
            [_HOPLINE, *arguments],
            env=self.environ(self.settings),
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        return done.returncode, json.loads(done.stdout or "null")

    def _service(self, program: Program, environ: dict[str, str]) -> Service:
        return Service(program, self.directory / f"{program.name}.log", environ)

    def _folder(self, name: str) -> Path:
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        return folder

    def _end(self) -> None:
        """kill -9 of everything, and of what it has left behind."""
        for service in reversed(self.kept):
            service.kill()
        left = psutil.Process().children(recursive=True)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=_GONE_SECONDS)
