"""Redis and ClickHouse as `hopline up` runs them, with databases and streams of the benchmark's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from clickhouse_driver import Client

from app.processes.child import ChildFailed, Program, running
from loadtest.bench.ports import free_port
from loadtest.bench.processes import cpu_seconds, process_tree

GROUP = "analytics-group"
HOPLINE = str(Path(sys.executable).parent / "hopline")
_READY_SECONDS = 120
_STOP_SECONDS = 60
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the stores answer, and the processes that they are.

    Attributes:
        environment: variables that lead Hopline to them.
        clickhouse: URL of the server, without a database.
    """

    environment: dict[str, str]
    redis: Any
    redis_pid: int
    clickhouse_pid: int
    clickhouse: str

    def client(self, database: str = "default") -> Client:
        """Return a ClickHouse client, to be used in a ``with`` block."""
        return Client.from_url(self.url(database))

    def url(self, database: str) -> str:
        """Return a database's URL."""
        return f"{self.clickhouse}/{database}"

    def cpu_seconds(self) -> tuple[float, float]:
        """Return what Redis and ClickHouse have used so far."""
        return cpu_seconds(self.redis_pid), cpu_seconds(self.clickhouse_pid)

    def settings(self, **given: object) -> dict[str, str]:
        """Return an environment for Hopline with these settings."""
        named = {f"HOPLINE_{name.upper()}": str(value) for name, value in given.items()}
        return {**self.environment, **named}

    def migrate(self, database: str) -> None:
        """Make an empty database with Hopline's tables."""
        with self.client() as client:
            client.execute(f"DROP DATABASE IF EXISTS {database}")
        subprocess.run(
            [HOPLINE, "migrate"],
            env=self.settings(clickhouse_url=self.url(database)),
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def parts_created(self) -> int:
        """Return how many parts inserts have made in all tables since the server started."""
        counted = "SELECT value FROM system.events WHERE event = 'MergeTreeDataWriterBlocks'"
        with self.client() as client:
            return sum(value for (value,) in client.execute(counted))


@contextmanager
def running_stores(directory: Path) -> Iterator[Stores]:
    """Start the stores in a folder; they are gone afterwards.

    Raises:
        ChildFailed: they did not get ready.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HOPLINE_")}
    alone = {
        "HOPLINE_REDIRECT_BIND": f"127.0.0.1:{free_port()}",
        "HOPLINE_CONSOLE_BIND": f"127.0.0.1:{free_port()}",
        "HOPLINE_REDIRECT_METRICS_BIND": "off",
        "HOPLINE_WORKERS_METRICS_BIND": "off",
        "HOPLINE_REDIRECT_WORKERS": "1",
        # Its own workers find nothing to do.
        "HOPLINE_STREAM": "nothing:stream",
    }
    log = directory / "up.log"
    up = Program(
        "hopline up",
        (HOPLINE, "up", "--data", str(directory / "data"), "--consumers", "1"),
        {**kept, **alone},
        lambda: "Ctrl-C" in log.read_text(errors="replace"),
    )
    with running(up, log, _READY_SECONDS, _STOP_SECONDS) as child:
        stores = _stores(child.pid, directory / "data" / "running.env", kept)
        with stores.redis:
            yield stores


def _stores(up_pid: int, written_down: Path, kept: dict[str, str]) -> Stores:
    lines = (line.partition("=") for line in written_down.read_text().splitlines())
    written = {name: text.strip("'\"") for name, _, text in lines}
    wanted = ("HOPLINE_REDIS_URL", "HOPLINE_GEOIP_PATH")
    client = redis.Redis.from_url(written["HOPLINE_REDIS_URL"], socket_timeout=60)
    return Stores(
        environment={**kept, **{name: written[name] for name in wanted if name in written}},
        redis=client,
        redis_pid=client.info("server")["process_id"],
        clickhouse_pid=_clickhouse_pid(up_pid),
        clickhouse=written["HOPLINE_CLICKHOUSE_URL"].rpartition("/")[0],
    )


def _clickhouse_pid(pid: int) -> int:
    for member in process_tree(pid):
        if b"tcp_port" in (_PROC / str(member) / "cmdline").read_bytes():
            return member
    raise ChildFailed("no ClickHouse among what hopline up started")
