"""Real stores for tests, on free ports and in temporary folders, started as `hopline up` does."""

import itertools
import os
import random
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import psutil
from redis import Redis

from app.config.variables import PREFIX, variable
from app.local.clickhouse import clickhouse_url, embedded_program
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.local.ports import LOOPBACK
from app.local.valkey import valkey_binary, valkey_program, valkey_url
from app.processes.child import Child, Program, wait_for
from app.stores.clickhouse.driver import Client

READY_SECONDS = 120.0
STOP_SECONDS = 60.0
_WRITTEN_WITHIN_SECONDS = 60.0

#: Below those that Linux gives to connections and to whoever asks for any (ip(7)), so that a server
#: which a test has stopped finds its port free again; above the last that browsers refuse (10080).
_PORTS = range(10_100, 32_000)
_PROCESSES = 8


def _own_ports() -> range:
    """Return the ports of this process among those of pytest-xdist that run side by side."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return _PORTS[number % _PROCESSES :: _PROCESSES]


_next_ports = itertools.cycle(random.sample(_own_ports(), len(_own_ports())))


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on or is given soon."""
    for port in _next_ports:
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        return port
    raise AssertionError("there is always a next port")


class Server:
    """A server that can be stopped, killed, frozen and started again on the same port and data.

    As a context manager it is started, and killed at the end whatever the test did to it.
    """

    def __init__(self, make_program: Callable[[Path, int], Program], directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.directory = directory
        self._child = Child(make_program(directory, self.port), directory / "output.log")

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        return self._child.exit_code

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    @property
    def log(self) -> str:
        return self._child.log_path.read_text()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._child.spawn()
        self._child.wait_until_ready(READY_SECONDS)

    def stop(self) -> int | None:
        """Stop the server cleanly, and return its exit code."""
        self._child.stop(STOP_SECONDS)
        return self._child.exit_code

    def kill(self) -> None:
        """kill -9."""
        self._child.kill()

    def restart(self) -> None:
        """Stop the server if it runs, and start it on the same port and data."""
        self.stop()
        self.start()

    def ensure_running(self) -> None:
        """Start the server again if it died or no longer answers."""
        if not self.is_running or not self._child.program.is_ready():
            self.kill()
            self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send its first process a signal, e.g. SIGSTOP to a store: nothing answers any more."""
        self._child.send_signal(number)

    def workers(self) -> list[int]:
        """Return the processes that it has started."""
        return [child.pid for child in psutil.Process(self.pid).children()]


#: More than any test fills, and enough for a stream of the default length.
MAXMEMORY_BYTES = 4 << 30


class RedisServer(Server):
    """Valkey (or a Redis of another binary) with AOF everysec and noeviction.

    Args:
        address: by which others than we reach it.
    """

    def __init__(
        self, directory: Path, binary: Path | None = None, address: str = LOOPBACK
    ) -> None:
        super().__init__(
            lambda at, port: _for_tests(
                valkey_program(binary or valkey_binary(), at, port, MAXMEMORY_BYTES), address
            ),
            directory,
        )

    @property
    def url(self) -> str:
        return valkey_url(self.port)

    def finish_writing(self) -> None:
        """Wait until its file has what it has confirmed: while the disk syncs, a buffer has it.

        Who is killed before that loses it, as if the machine had lost its power.
        """
        with Redis.from_url(self.url, socket_timeout=_WRITTEN_WITHIN_SECONDS) as client:

            def is_written() -> bool:
                return client.info("persistence")["aof_buffer_length"] == 0

            assert wait_for(is_written, _WRITTEN_WITHIN_SECONDS), self.log

    def empty(self) -> None:
        """Remove all that it holds; started again first if it died or no longer answers."""
        if not self._forgets():
            self.ensure_running()
            assert self._forgets(), self.log

    def _forgets(self) -> bool:
        """Tell whether it did as it was told, by hand: a client takes thirty times as long."""
        # Tests of a full Redis leave it without a bound.
        commands = f"FLUSHALL\r\nCONFIG SET maxmemory {MAXMEMORY_BYTES}\r\n"
        try:
            with socket.create_connection((LOOPBACK, self.port), READY_SECONDS) as connection:
                connection.sendall(commands.encode())
                with connection.makefile("rb") as replies:
                    return [replies.readline() for _ in range(2)] == [b"+OK\r\n"] * 2
        except OSError:
            return False


#: It looks for files to remove every 30 to 40 s, and a test of an erasure would wait for that.
QUICK_CLEANUP = """<merge_tree>
    <cleanup_delay_period>1</cleanup_delay_period>
    <cleanup_delay_period_random_add>0</cleanup_delay_period_random_add>
    <max_cleanup_delay_period>1</max_cleanup_delay_period>
  </merge_tree>"""
#: As in a table at rest, where it looks each five minutes only.
SLOW_CLEANUP = QUICK_CLEANUP.replace(">1<", ">3600<")


class ClickHouseServer(Server):
    """The embedded ClickHouse; its library is fetched unless it is in the cache.

    Args:
        cleanup: when it looks for files to remove, as a part of its configuration.
    """

    def __init__(self, directory: Path, cache_dir: Path, cleanup: str = QUICK_CLEANUP) -> None:
        library = fetch(CLICKHOUSE_LIBRARY, cache_dir)
        # It stands back for visitors, but not for tests that run beside the one that waits for it.
        super().__init__(
            lambda at, port: replace(embedded_program(library, at, port), niceness=0), directory
        )
        config = directory / "config.xml"
        config.write_text(config.read_text().replace("</clickhouse>", f"{cleanup}</clickhouse>"))

    def url(self, database: str) -> str:
        return clickhouse_url(self.port, database)

    def execute(self, statement: str) -> Any:
        """Run one statement over a connection of its own."""
        client = Client("127.0.0.1", port=self.port)
        try:
            return client.execute(statement)
        finally:
            client.disconnect()


def _for_tests(program: Program, address: str) -> Program:
    """Return a server that does not wait five seconds for more replicas than the first.

    It is reached at another address as well, as hosts with a network of their own need it.
    """
    more = ("--repl-diskless-sync-delay", "0")
    if address != LOOPBACK:
        more += ("--bind", LOOPBACK, address, "--protected-mode", "no")
    return replace(program, argv=(*program.argv, *more))


def environ_of(**settings: object) -> dict[str, str]:
    """Return our environment with these settings of Hopline, by field, and no others."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return ours | {variable(name): _text(value) for name, value in settings.items()}


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def redis_server_7() -> Path | None:
    """Return Debian's redis-server, if it is installed."""
    path = shutil.which("redis-server")
    return Path(path) if path else None


def store_binary(name: str) -> Path:
    """Return the server that a run calls ``valkey`` (the embedded one) or ``redis`` (Debian's 7).

    Raises:
        FileNotFoundError: it is not installed.
    """
    if name == "valkey":
        return valkey_binary()
    binary = redis_server_7()
    if binary is None:
        raise FileNotFoundError("redis-server is not installed (Debian: apt install redis-server)")
    return binary
