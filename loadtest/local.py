"""Hopline of a load test alone: `hopline up` on free ports, in a folder that goes again."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from loadtest.common.hopline import HOPLINE, environment_with, running_up
from loadtest.common.ports import free_port
from loadtest.scenario.links import Catalogue, as_csv

_COMMAND_SECONDS = 60.0


class LocalFailed(Exception):
    """A command failed, or a fault was not done; the text says what was seen."""


@dataclass(frozen=True, slots=True)
class Local:
    """A running `hopline up`.

    Attributes:
        url, console: where links and the console are.
        environ: what a command needs to find this Hopline.
        process: `hopline up` itself; all services are below it.
    """

    url: str
    console: str
    environ: dict[str, str]
    process: psutil.Process

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
    with (
        TemporaryDirectory(prefix="hopline-loadtest-") as directory,
        without_links(Path(directory)) as local,
    ):
        local.seed(catalogue)
        yield local


@contextmanager
def without_links(directory: Path) -> Iterator[Local]:
    """Start a Hopline in a folder, and stop it at the end.

    Raises:
        ChildFailed: it can't be started.
    """
    redirect, console = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    environ = environment_with(
        data_dir=directory / "data",
        redirect_bind=redirect,
        console_bind=console,
        # Not the usual places, where another Hopline of this machine may show its own.
        redirect_metrics_bind=f"127.0.0.1:{free_port()}",
        workers_metrics_bind=f"127.0.0.1:{free_port()}",
        # The load comes from here and says that it is from everywhere.
        trusted_proxies="127.0.0.1/32,10.0.0.0/8",
    )
    # Ctrl-C is for the load first: its clicks are counted before Hopline is stopped.
    with running_up(environ, directory / "up.log") as up:
        yield Local(f"http://{redirect}", f"http://{console}", environ, psutil.Process(up.pid))
