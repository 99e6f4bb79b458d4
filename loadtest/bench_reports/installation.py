"""Installation that is measured: `hopline up` on this machine, its stores and its processes."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import redis
from clickhouse_driver import Client

from app.processes.child import ChildFailed
from loadtest.bench_reports.seed import STREAM
from loadtest.common.hopline import HOPLINE, environment_with, running_up
from loadtest.common.ports import free_port
from loadtest.common.processes import below, cpu_seconds

#: Longest report that is waited for.
TIMEOUT_SECONDS = 300
_LOOK_SECONDS = 0.1


class Cpu(NamedTuple):
    """CPU time in seconds that processes have used so far."""

    clickhouse: float
    workers: float


class Refused(Exception):
    """The console has too much to do, and says so (503)."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A running `hopline up`.

    Attributes:
        console, redirect: HOST:PORT.
        clickhouse_url: of our database.
        clickhouse: a client of it.
        clickhouse_process: the server.
        environment: with which commands find all of it.
    """

    console: str
    redirect: str
    clickhouse_url: str
    redis_url: str
    clickhouse: Client
    clickhouse_process: psutil.Process
    up_pid: int
    environment: dict[str, str]

    def get(self, path: str) -> bytes:
        """Return what the console answers.

        Raises:
            Refused: it has too much to do.
            RuntimeError: it is neither that nor 200.
        """
        # An open connection would be closed while the scans of before are at work.
        with closing(HTTPConnection(self.console, timeout=TIMEOUT_SECONDS)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        if answer.status == 503:
            raise Refused(path)
        if answer.status != 200:
            raise RuntimeError(f"{path} is answered by {answer.status}: {body!r}")
        return body

    def ask(self, path: str) -> Any:
        """Return a report; raises as :meth:`get`."""
        return json.loads(self.get(path))

    def started(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """Return a command of Hopline's that has begun; what it complains of is shown.

        Args:
            settings: other variables of its environment.
        """
        return subprocess.Popen(
            [HOPLINE, *arguments],
            env={**self.environment, **settings},
            stdout=subprocess.DEVNULL,
        )

    def cpu(self) -> Cpu:
        """Return the CPU time that was used so far."""
        workers = below(self.up_pid, "workers", "hopline: consumer")
        return Cpu(cpu_seconds([self.clickhouse_process]), cpu_seconds(workers))

    def disk_bytes(self, *tables: str) -> int:
        """Return what tables take on ClickHouse's disk; one that isn't there takes nothing."""
        [(found,)] = self.clickhouse.execute(
            "SELECT sum(bytes_on_disk) FROM system.parts"
            " WHERE database = currentDatabase() AND active AND table IN %(tables)s",
            {"tables": tables},
        )
        return int(found)

    def wait_for_consumers(self) -> None:
        """Wait until each click of the stream is in ClickHouse, as an earlier run has left some.

        Raises:
            ChildFailed: they don't get on with it.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        with redis.Redis.from_url(self.redis_url) as client:
            while any(each["lag"] or each["pending"] for each in client.xinfo_groups(STREAM)):
                if time.monotonic() > deadline:
                    raise ChildFailed("clicks of an earlier run stay in the stream: see up.log")
                time.sleep(_LOOK_SECONDS)

    def clicks_since(self, code: str, since_ms: int) -> int:
        """Return how many clicks a link has from a moment on."""
        [(found,)] = self.clickhouse.execute(
            "SELECT uniqExact(click_id) FROM clicks"
            " WHERE short_code = %(code)s AND time >= fromUnixTimestamp64Milli(%(since)s)",
            {"code": code, "since": since_ms},
        )
        return int(found)


@contextmanager
def running_installation(directory: Path, **settings: object) -> Iterator[Installation]:
    """Start one in a folder, which holds its stores afterwards.

    Args:
        settings: by field, beside those of every benchmark.

    Raises:
        ChildFailed: it did not get ready.
    """
    console_bind, redirect_bind = (f"127.0.0.1:{free_port()}" for _ in range(2))
    data = directory / "data"
    environment = environment_with(
        redirect_bind=redirect_bind,
        console_bind=console_bind,
        redirect_metrics_bind="off",
        workers_metrics_bind="off",
        clickhouse_timeout_seconds=TIMEOUT_SECONDS,
        **{"redirect_workers": 1, **settings},
    )
    options = ("--data", str(data), "--consumers", "1")
    with running_up(environment, directory / "up.log", *options) as up:
        lines = (line.partition("=") for line in (data / "running.env").read_text().splitlines())
        written = {name: text.strip("'\"") for name, _, text in lines}
        url = f"{written['HOPLINE_CLICKHOUSE_URL']}?send_receive_timeout={TIMEOUT_SECONDS}"
        with Client.from_url(url) as client:
            yield Installation(
                console=console_bind,
                redirect=redirect_bind,
                clickhouse_url=url,
                redis_url=written["HOPLINE_REDIS_URL"],
                clickhouse=client,
                clickhouse_process=below(up.pid, "tcp_port")[0],
                up_pid=up.pid,
                environment={**environment, **written, "HOPLINE_DATA_DIR": str(data)},
            )


def cores() -> int:
    """Return how many cores we may use."""
    return len(os.sched_getaffinity(0))
