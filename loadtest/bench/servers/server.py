"""Launcher that brings a variant's server up, in a folder of its own."""

import http.client
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.processes.child import ChildFailed, Program, running
from loadtest.bench.load import requests
from loadtest.bench.machine.placement import Cores, pinned
from loadtest.bench.machine.redis_server import RedisServer
from loadtest.bench.servers.installs import InstallFailed
from loadtest.common.hopline import environment_with
from loadtest.common.ports import free_port

#: What can go wrong with one variant and leaves the others as they are.
LaunchFailed = (InstallFailed, ChildFailed)

#: Asked for until a server redirects.
_FIRST_CODE = requests.codes(requests.BENCH_PREFIX)[0]
_START_SECONDS = 30
_STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started.

    Attributes:
        env: variables beside those of this process.
    """

    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a server shall run.

    Attributes:
        directory: a temporary folder of its own.
        target: where the links lead, for a server that looks nothing up.
    """

    port: int
    redis_port: int
    directory: Path
    target: str
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """One server of the comparison.

    Attributes:
        command: writes what the server needs into its folder and says how to start it.
        absent: returns why the variant can't run here, or an empty text.
        records: whether each answer waits for a confirmed XADD.
        note: one sentence on how it does the work.
    """

    name: str
    title: str
    note: str
    command: Callable[[Site], Command]
    absent: Callable[[], str]
    records: bool = True


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int


class Launcher:
    """Starts servers in folders of their own, all with the same Redis."""

    def __init__(self, redis: RedisServer, directory: Path) -> None:
        self._redis = redis
        self._directory = directory

    def launch(
        self, variant: Variant, cores: Cores, workers: int = 1
    ) -> AbstractContextManager[Server]:
        """Return a server that runs inside the ``with`` block.

        Raises:
            LaunchFailed: when it can't be installed, built or started.
        """
        directory = Path(tempfile.mkdtemp(prefix=f"{variant.name}-", dir=self._directory))
        target = requests.target(_FIRST_CODE)
        site = Site(free_port(), self._redis.port, directory, target, workers)
        path = f"/{_FIRST_CODE}"
        return running_server(variant.command(site), site.port, path, cores, directory)


@contextmanager
def running_server(
    command: Command, port: int, path: str, cores: Cores, directory: Path
) -> Iterator[Server]:
    """Start a server on these cores, in this folder, and wait until it redirects.

    Raises:
        ChildFailed: when it ends or stays silent.
    """
    program = Program(
        Path(command.argv[0]).name,
        tuple(pinned(command.argv, cores)),
        environment_with() | command.env,
        lambda: _redirects(port, path),
        directory=directory,
    )
    with running(program, directory / "server.log", _START_SECONDS, _STOP_SECONDS) as child:
        yield Server(child.pid, port)


def _redirects(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.FOUND
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
