"""Hosts of one machine: each a redirect, workers and a disk of its own, in a version of Hopline."""

import json
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from app.processes.child import Child, Program
from tests.support.servers import environ_of, free_port

REPOSITORY = Path(__file__).parents[2]
#: One version back: the last commit before there could be several of everything.
BEFORE = "52f1a244987211602b941e00dd0049f2848b16b7"
_BACKLOG = 1_024
_STOP_SECONDS = 30.0
#: As systemd hands a socket down, sd_listen_fds(3); a host's name is what its processes see.
#: By bash, as other shells know descriptors of one digit alone.
_RUN = 'exec 3<&{fd}; {name}export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'


class Release:
    """The code of a version in a folder, with the libraries that the tests run with."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def before(cls, directory: Path) -> Self | None:
        """Unpack and build the version before; None where the repository doesn't go back to it."""
        directory.mkdir(parents=True)
        archive = subprocess.run(
            ["git", "-C", REPOSITORY, "archive", BEFORE], capture_output=True, check=False
        )
        if archive.returncode:
            return None
        subprocess.run(["tar", "-x", "-C", directory], input=archive.stdout, check=True)
        build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        subprocess.run(build, cwd=directory, check=True, capture_output=True)
        return cls(directory)

    def environ(self, settings: Mapping[str, object]) -> dict[str, str]:
        """Return the environment of its processes."""
        return environ_of(**settings) | {"PYTHONPATH": str(self.directory)}

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return what runs `hopline` of this version."""
        return (sys.executable, "-c", "from app.cli.entry import main; main()", *arguments)

    def hopline(self, settings: Mapping[str, object], *arguments: str) -> Any:
        """Run a command that writes JSON, and return that."""
        done = subprocess.run(
            self.command(*arguments, "--json"),
            env=self.environ(settings),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


class Host:
    """One host. Its listening socket outlives its redirect, as a socket unit's does.

    Attributes:
        name: its hostname, where we may give it one.
        settings: by field.
        release: what it runs.
    """

    def __init__(self, name: str, directory: Path, release: Release, **settings: object) -> None:
        self.name = name
        self.release = release
        self._directory = directory / name
        self._directory.mkdir()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        self.settings: dict[str, object] = {
            "data_dir": self._directory,
            "redirect_bind": f"127.0.0.1:{self.port}",
            "redirect_workers": 1,
            "redirect_metrics_bind": "off",
            "workers_metrics_bind": f"127.0.0.1:{free_port()}",
            "consumers": 1,
            **settings,
        }
        self.start()

    def start(self) -> None:
        """Start its redirect and its workers."""
        self._redirect, self._workers = self._start("redirect"), self._start("workers")

    def change_to(self, release: Release) -> None:
        """Install another version, and restart the workers and then the redirect, as systemd."""
        self.release = release
        _end(self._workers)
        self._workers = self._start("workers")
        self.stop_redirect()
        self.start_redirect()

    def stop_redirect(self) -> None:
        """Stop the redirect in order; visitors wait at the socket."""
        _end(self._redirect)

    def start_redirect(self) -> None:
        """Start the redirect of what is installed."""
        self._redirect = self._start("redirect")

    def kill(self) -> None:
        """Lose the host: everything of it ends at once, but its disk."""
        self._redirect.kill()
        self._workers.kill()

    def close(self) -> None:
        """End what runs, and listen no more."""
        self.kill()
        self._socket.close()

    @property
    def spool(self) -> Path:
        """Where its clicks wait."""
        return self._directory / "spool"

    @property
    def log(self) -> str:
        """What its processes have written."""
        return "".join(path.read_text() for path in sorted(self._directory.glob("*.log")))

    def _start(self, service: str) -> Child:
        fd = self._socket.fileno()
        rename = f"hostname {shlex.quote(self.name)}; " if may_name_hosts() else ""
        own = ("unshare", "--uts") if may_name_hosts() else ()
        script = _RUN.format(fd=fd, name=rename)
        if service == "workers":
            script = f'{rename}exec "$@"'
        program = Program(
            service,
            (*own, "bash", "-c", script, "bash", *self.release.command(service)),
            self.release.environ(self.settings),
            directory=self.release.directory,
        )
        child = Child(program, self._directory / f"{service}.log", inherited=(fd,))
        child.spawn()
        return child


def may_name_hosts() -> bool:
    """Tell whether processes of ours may have a hostname of their own."""
    return not subprocess.run(
        ["unshare", "--uts", "true"], capture_output=True, check=False
    ).returncode


def _end(child: Child) -> None:
    assert child.stop(_STOP_SECONDS), f"{child.program.name} had to be killed"
