"""ClickHouse of an installation that is under test: one server, or replicas with their Keeper."""

import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from app.config.settings import Settings
from app.local.clickhouse import DATABASE, embedded_program
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.local.ports import LOOPBACK
from app.processes.child import Program
from tests.support.clickhouse.replicated import CLUSTER, Replica, ReplicatedClickHouse
from tests.support.clickhouse.zookeeper import find_zookeeper
from tests.support.servers import free_port
from tests.support.service import Service

_READY_SECONDS = 120.0
_PROBE_SECONDS = 1.0


class ClickHouseSide(Protocol):
    """ClickHouse servers of one kind, and how Hopline finds them.

    Attributes:
        settings: Hopline's, by field.
        kept: what is brought back when it ends by itself.
    """

    settings: Mapping[str, object]
    kept: tuple[Service, ...]

    def start(self) -> None:
        """Start all of it and wait until it answers; main thread only."""

    def kill_all(self) -> None:
        """kill -9 of all that runs."""


class OneClickHouse:
    """The embedded server alone.

    Args:
        address: of this machine, by which others than us reach it as well.
    """

    def __init__(self, directory: Path, address: str = LOOPBACK) -> None:
        folder, port = directory / "clickhouse", free_port()
        library = fetch(CLICKHOUSE_LIBRARY, _cache_dir())
        program = embedded_program(library, folder, port)
        self._service = Service(_at(address, port, program), directory / "clickhouse.log", {})
        self.kept = (self._service,)
        self.settings = {"clickhouse_url": f"clickhouse://default@{address}:{port}/{DATABASE}"}

    def start(self) -> None:
        self._service.spawn()
        self._service.wait_until_ready(_READY_SECONDS)

    def kill_all(self) -> None:
        self._service.kill()


class ClickHouseReplicas:
    """Two replicas of each shard and a ZooKeeper; what is killed stays so until it is started.

    Attributes:
        tables: those that each replica has, with their database.

    Raises:
        AnotherLibrary: the embedded server can't be made a replica.
        FileNotFoundError: there is no ZooKeeper, or no Java for it.
    """

    kept: tuple[Service, ...] = ()

    def __init__(self, directory: Path, shards: int = 1) -> None:
        classes = find_zookeeper(_cache_dir())
        if classes is None:
            raise FileNotFoundError("ZooKeeper, or a Java to run it, is not installed")
        self.servers = ReplicatedClickHouse(
            directory / "clickhouse", _cache_dir(), classes, shards=shards
        )
        suffix = "_local" if shards > 1 else ""
        self.tables = tuple(f"{DATABASE}.{name}{suffix}" for name in ("clicks", "ledger"))
        self.settings = {
            "clickhouse_url": self.servers.url(DATABASE),
            "clickhouse_cluster": CLUSTER,
        }

    @property
    def replicas(self) -> list[Replica]:
        return self.servers.replicas

    def start(self) -> None:
        self.servers.configure()
        self.servers.ensure_running()

    def kill_all(self) -> None:
        for server in (*self.replicas, self.servers.keeper):
            server.kill()

    def catch_up(self) -> None:
        """Wait until each replica has what the others have."""
        self.servers.catch_up(DATABASE)


def _at(address: str, port: int, program: Program) -> Program:
    """Return a server that listens at an address of this machine."""
    argv = tuple(address if word == LOOPBACK else word for word in program.argv)
    return replace(program, argv=argv, is_ready=lambda: _listens(address, port))


def _listens(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), _PROBE_SECONDS):
            return True
    except OSError:
        return False


def _cache_dir() -> Path:
    return Settings(_env_file=None).cache_dir
