"""One variant's server while it runs."""

import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.processes.child import Program, running
from loadtest.bench.placement import Cores, pinned

#: The servers that we compare with, each in its own language.
PEERS = Path(__file__).with_name("peers")
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
class Server:
    pid: int
    port: int


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
        _environment(command.env),
        lambda: _redirects(port, path),
        directory=directory,
    )
    with running(program, directory / "server.log", _START_SECONDS, _STOP_SECONDS) as child:
        yield Server(child.pid, port)


def _environment(own: dict[str, str]) -> dict[str, str]:
    """Leave out Hopline's variables of the person who runs this: defaults are measured."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("HOPLINE_")}
    return given | own


def _redirects(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.FOUND
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
