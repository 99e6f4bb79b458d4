"""One variant's server while it runs."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loadtest.bench.placement import Cores, pinned
from loadtest.bench.processes import process_tree

#: The servers that we compare with, each in its own language.
PEERS = Path(__file__).with_name("peers")
_START_SECONDS = 30
_STOP_SECONDS = 10
_LOG_LINES = 20


class ServerFailed(Exception):
    """A server didn't start; the text holds the end of its log."""


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
        ServerFailed: when it ends or stays silent.
    """
    log_path = directory / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            pinned(command.argv, cores),
            env=_environment(command.env),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_redirecting(process, port, path, log_path)
        yield Server(process.pid, port)
    finally:
        _stop(process)


def _environment(own: dict[str, str]) -> dict[str, str]:
    """Leave out Hopline's variables of the person who runs this: defaults are measured."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("HOPLINE_")}
    return given | own


def _wait_until_redirecting(
    process: subprocess.Popen[bytes], port: int, path: str, log: Path
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    status = None
    while status != http.client.FOUND:
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
            raise ServerFailed(f"{process.args!r} does not redirect (status {status}):\n{tail}")
        time.sleep(0.05)
        status = _status(port, path)


def _status(port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    tree = process_tree(process.pid)
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for pid in tree:
            _kill(pid)
        process.wait()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
