"""Hosts of one machine: each a redirect, workers and a disk of its own, in a version of Hopline."""

import json
import math
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from app.local.ports import http_status
from app.local.process_group import ANALYTICS_NICENESS
from app.processes.child import Program
from tests.support.network import HERE, Place
from tests.support.servers import environ_of, free_port
from tests.support.service import Service

REPOSITORY = Path(__file__).parents[2]
#: One version back while nothing is released: the last before there could be several of everything.
_FIRST = "52f1a244987211602b941e00dd0049f2848b16b7"
_RELEASES = "v[0-9]*"
_STOP_SECONDS = 30.0
_COMMAND_SECONDS = 120.0
#: As systemd hands a socket down, sd_listen_fds(3); a host's name is what its processes see.
#: By bash, as other shells know descriptors of one digit alone.
_RUN = 'exec 3<&{fd}; {name}export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'


class HistoryMissing(Exception):
    """The repository doesn't go back to the version before; the text names it, and the way."""


class Release:
    """The code of a version in a folder, with the libraries that the tests run with."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def before(cls, directory: Path) -> Self:
        """Unpack and build the version before.

        Raises:
            HistoryMissing: it is not there.
        """
        version = version_before()
        archive = _git("archive", version)
        if archive.returncode:
            raise HistoryMissing(
                f"the version before, {version} (`git fetch --unshallow --tags` brings it),"
            )
        directory.mkdir(parents=True)
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
        done = self._run(settings, *arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def migrate(self, settings: Mapping[str, object]) -> None:
        """Bring the tables up to date, as is done before the workers are started."""
        done = self._run(settings, "migrate")
        assert done.returncode == 0, done.stderr

    def _run(
        self, settings: Mapping[str, object], *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environ(settings),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )


class Host:
    """One host. Its listening socket outlives its redirect, as a socket unit's does.

    Args:
        redirect: settings of the redirect alone, by field.

    Attributes:
        name: its hostname, where we may give it one.
        settings: by field.
        release: what it runs.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        release: Release,
        place: Place = HERE,
        redirect: Mapping[str, object] = MappingProxyType({}),
        **settings: object,
    ) -> None:
        self.name = name
        self.release = release
        self.place = place
        self._directory = directory / name
        self._directory.mkdir(exist_ok=True)
        self._socket = place.listen()
        self.port: int = self._socket.getsockname()[1]
        self.bind = f"{place.address}:{self.port}"
        self.settings: dict[str, object] = {
            "data_dir": self._directory,
            "redirect_bind": self.bind,
            "redirect_workers": 1,
            "redirect_metrics_bind": "off",
            "workers_metrics_bind": f"127.0.0.1:{free_port()}",
            "consumers": 1,
            **settings,
        }
        self._redirect_settings = redirect
        self._redirect, self._workers = self._service("redirect"), self._service("workers")

    @property
    def services(self) -> tuple[Service, Service]:
        """Its redirect and its workers, as they are now."""
        return self._redirect, self._workers

    def start(self) -> None:
        """Start its redirect and its workers; main thread only."""
        for service in self.services:
            service.spawn()

    @property
    def is_ready(self) -> bool:
        """Whether its redirect would answer visitors."""
        return http_status(self.bind, "/-/ready") == 200

    def change_to(self, release: Release) -> None:
        """Install another version, migrate, restart the workers and then the redirect."""
        self.release = release
        release.migrate(self.settings)
        self.restart_workers()
        self.restart_redirect()

    def restart_workers(self, **settings: object) -> None:
        """Stop the workers in order, and start those of what is installed and set by now."""
        self.settings.update(settings)
        _end(self._workers)
        self._workers = self._service("workers")
        self._workers.spawn()

    def restart_redirect(self, **settings: object) -> None:
        """The same for the redirect; visitors wait at the socket."""
        self.settings.update(settings)
        self.stop_redirect()
        self.start_redirect()

    def stop_redirect(self) -> None:
        """Stop the redirect in order; visitors wait at the socket."""
        _end(self._redirect)

    def start_redirect(self) -> None:
        """Start the redirect of what is installed."""
        self._redirect = self._service("redirect")
        self._redirect.spawn()

    def kill(self) -> None:
        """Lose the host: everything of it ends at once, but its disk."""
        for service in self.services:
            service.kill(math.inf)

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

    def _service(self, name: str) -> Service:
        redirects = name == "redirect"
        rename = f"hostname {shlex.quote(self.name)}; " if may_name_hosts() else ""
        own = ("unshare", "--uts") if rename else ()
        fd = self._socket.fileno()
        script = _RUN.format(fd=fd, name=rename) if redirects else f'{rename}exec "$@"'
        settings = {**self.settings, **(self._redirect_settings if redirects else {})}
        command = ("bash", "-c", script, "bash", *self.release.command(name))
        program = Program(
            name,
            (*self.place.enter, *own, *command),
            self.release.environ(settings),
            directory=self.release.directory,
            niceness=0 if redirects else ANALYTICS_NICENESS,
        )
        inherited = (fd,) if redirects else ()
        return Service(program, self._directory / f"{name}.log", {}, inherited)


def version_before() -> str:
    """Return what names the version before: the last release behind us, or the first that counts.

    At a release itself that is the one before it.
    """
    described = _git("describe", "--tags", "--abbrev=0", "--match", _RELEASES, "HEAD^")
    return described.stdout.decode().strip() or _FIRST


def may_name_hosts() -> bool:
    """Tell whether processes of ours may have a hostname of their own."""
    return not subprocess.run(
        ["unshare", "--uts", "true"], capture_output=True, check=False
    ).returncode


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", REPOSITORY, *words], capture_output=True, check=False)


def _end(service: Service) -> None:
    assert service.stop(_STOP_SECONDS), f"{service.name} had to be killed"
