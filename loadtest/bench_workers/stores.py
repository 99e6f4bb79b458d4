"""Stores of `hopline up`, with databases and streams of the benchmark's."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import redis
from clickhouse_driver import Client

from loadtest.common.hopline import HOPLINE, environment_with, running_up
from loadtest.common.ports import free_port
from loadtest.common.processes import below, cpu_seconds

GROUP = "analytics-group"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the stores answer, and the processes that they are.

    Attributes:
        environment: variables that lead Hopline to them.
        clickhouse: URL of the server, without a database.
    """

    environment: dict[str, str]
    redis: Any
    redis_process: psutil.Process
    clickhouse_process: psutil.Process
    clickhouse: str

    def client(self, database: str = "default") -> Client:
        """Return a ClickHouse client, to be used in a ``with`` block."""
        return Client.from_url(self.url(database))

    def url(self, database: str) -> str:
        """Return a database's URL."""
        return f"{self.clickhouse}/{database}"

    def cpu_seconds(self) -> tuple[float, float]:
        """Return what Redis and ClickHouse have used so far."""
        return cpu_seconds([self.redis_process]), cpu_seconds([self.clickhouse_process])

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
    environment = environment_with(
        redirect_bind=f"127.0.0.1:{free_port()}",
        console_bind=f"127.0.0.1:{free_port()}",
        redirect_metrics_bind="off",
        workers_metrics_bind="off",
        redirect_workers=1,
        # Its own workers find nothing to do.
        stream="nothing:stream",
    )
    data = directory / "data"
    options = ("--data", str(data), "--consumers", "1")
    with running_up(environment, directory / "up.log", *options) as up:
        stores = _stores(up.pid, data / "running.env")
        with stores.redis:
            yield stores


def _stores(up_pid: int, written_down: Path) -> Stores:
    lines = (line.partition("=") for line in written_down.read_text().splitlines())
    written = {name: text.strip("'\"") for name, _, text in lines}
    wanted = ("HOPLINE_REDIS_URL", "HOPLINE_GEOIP_PATH")
    client = redis.Redis.from_url(written["HOPLINE_REDIS_URL"], socket_timeout=60)
    clickhouse = below(up_pid, "tcp_port")[0]
    return Stores(
        environment=environment_with()
        | {name: written[name] for name in wanted if name in written},
        redis=client,
        redis_process=psutil.Process(client.info("server")["process_id"]),
        clickhouse_process=clickhouse,
        clickhouse=written["HOPLINE_CLICKHOUSE_URL"].rpartition("/")[0],
    )
