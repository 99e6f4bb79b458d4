"""A Hopline of its own on this machine: `hopline up` on free ports, in a folder that goes again."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from app.processes.child import Child, Program
from loadtest.bench.ports import free_port
from loadtest.scenario.links import Catalogue, as_csv

HOPLINE = str(Path(sys.executable).with_name("hopline"))
#: The first start fetches ClickHouse, 170 MB.
_READY_SECONDS = 300.0
_STOP_SECONDS = 30.0
_COMMAND_SECONDS = 60.0


class LocalFailed(Exception):
    """A command failed, or a fault was not done; the text says what was seen."""


class Local:
    """A running `hopline up`.

    Attributes:
        url, console: where links and the console are.
        environ: what a command needs to find this Hopline.
    """

    def __init__(self, directory: Path) -> None:
        log = directory / "up.log"
        redirect, console = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.url, self.console = f"http://{redirect}", f"http://{console}"
        self.environ = {
            **{name: value for name, value in os.environ.items() if _is_not_ours(name)},
            "HOPLINE_DATA_DIR": str(directory / "data"),
            "HOPLINE_REDIRECT_BIND": redirect,
            "HOPLINE_CONSOLE_BIND": console,
            # Not the usual places, where another Hopline of this machine may show its own.
            "HOPLINE_REDIRECT_METRICS_BIND": f"127.0.0.1:{free_port()}",
            "HOPLINE_WORKERS_METRICS_BIND": f"127.0.0.1:{free_port()}",
            # The load comes from here and says that it is from everywhere.
            "HOPLINE_TRUSTED_PROXIES": "127.0.0.1/32,10.0.0.0/8",
        }
        up = (HOPLINE, "up")
        program = Program("hopline up", up, self.environ, lambda: "is ready" in log.read_text())
        # Ctrl-C is for the load first: its clicks are counted before Hopline is stopped.
        self._child = Child(program, log)
        self._child.spawn()

    @property
    def process(self) -> psutil.Process:
        """`hopline up` itself; all services are below it."""
        return psutil.Process(self._child.pid)

    def wait_until_ready(self) -> None:
        """Wait until everything answers.

        Raises:
            ChildFailed: it ended, or took too long.
        """
        self._child.wait_until_ready(_READY_SECONDS)

    def seed(self, catalogue: Catalogue) -> None:
        """Make the links.

        Raises:
            LocalFailed: one of them was refused.
        """
        self._run("links", "import", "-", text=as_csv(catalogue.rows()))

    def about(self) -> dict[str, str]:
        """Return the settings that are not at their defaults, for the report."""
        settings = json.loads(self._run("settings", "--json"))
        wanted = [each for each in settings if each["value"] != each["default"]]
        return {each["variable"]: each["value"] for each in wanted if each["value"]}

    def stop(self) -> None:
        """Stop everything; it may have ended by itself."""
        self._child.stop(_STOP_SECONDS)

    def _run(self, *arguments: str, text: str | None = None) -> str:
        try:
            done = subprocess.run(
                [HOPLINE, *arguments],
                env=self.environ,
                input=text,
                capture_output=True,
                text=True,
                timeout=_COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            words = f"hopline {' '.join(arguments)} took longer than {_COMMAND_SECONDS:g} s"
            raise LocalFailed(words) from None
        if done.returncode:
            raise LocalFailed(f"hopline {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def running(catalogue: Catalogue) -> Iterator[Local]:
    """Start a Hopline with the links of a catalogue, and stop it at the end.

    Raises:
        ChildFailed: it can't be started.
        LocalFailed: it refused the links.
    """
    with TemporaryDirectory(prefix="hopline-loadtest-") as directory:
        local = Local(Path(directory))
        try:
            local.wait_until_ready()
            local.seed(catalogue)
            yield local
        finally:
            local.stop()


def _is_not_ours(name: str) -> bool:
    return not name.startswith("HOPLINE_") or name == "HOPLINE_CACHE_DIR"
