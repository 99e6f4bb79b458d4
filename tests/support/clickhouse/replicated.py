"""Replicas of the embedded ClickHouse with a real ZooKeeper, for a test to break."""

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Self

from app.local.clickhouse import embedded_program
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.local.ports import LOOPBACK
from app.processes.child import Program
from app.stores.clickhouse.driver import Client
from tests.support.clickhouse import replica_host
from tests.support.clickhouse.zookeeper import ZooKeeper
from tests.support.servers import QUICK_CLEANUP, Server, free_port

CLUSTER = "hop"
#: Of several shards the first alone, as if the others came later.
FIRST_SHARD = "hop_first"
#: The one build of the library whose code is known.
LIBRARY_SHA256 = "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5"
#: Longest wait until one replica has what the others have of one table.
_CATCH_UP_SECONDS = 60
_LISTEN = "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP;"


class AnotherLibrary(Exception):
    """The embedded ClickHouse is another build than the one that is known."""


@cache
def known_library(cache_dir: Path) -> Path:
    """Return the library of the embedded ClickHouse.

    Raises:
        AnotherLibrary: it can't be made a replica.
    """
    library = fetch(CLICKHOUSE_LIBRARY, cache_dir)
    with library.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != LIBRARY_SHA256:
        raise AnotherLibrary(
            f"{library} (sha256 {found[:12]}…) is not the build that tests of ClickHouse's replicas"
            f" know ({LIBRARY_SHA256[:12]}…): find the five addresses of"
            f" {Path(replica_host.__file__).name} in it, then write down its sha256 here"
        )
    return library


class Replica(Server):
    """One replica; all that it needs to know of the others is told when it is started.

    Args:
        macros: what it puts for {shard} and {replica}.
    """

    def __init__(self, directory: Path, library: Path, macros: Mapping[str, str]) -> None:
        self.macros = dict(macros)
        self._library = library
        self._interserver_port = free_port()
        super().__init__(self._program, directory)

    def url(self, database: str) -> str:
        return f"clickhouse://default@{LOOPBACK}:{self.port}/{database}"

    def execute(self, statement: str, **settings: object) -> Any:
        """Run one statement over a connection of its own."""
        client = Client(LOOPBACK, port=self.port)
        try:
            return client.execute(statement, settings=settings)
        finally:
            client.disconnect()

    def configure(self, keeper_port: int | None, shards: list[list[int]]) -> None:
        """Write down where Keeper and the replicas of each shard are; heeded when it starts."""
        macros = "".join(f"<{name}>{value}</{name}>" for name, value in self.macros.items())
        # Each clickhouse-local has the same server id, by which one ends another's session.
        keeper = f"""
  <zookeeper>
    <node><host>{LOOPBACK}</host><port>{keeper_port}</port></node>
    <session_timeout_ms>2000</session_timeout_ms>
    <sessions_path>/clickhouse/sessions/{self.port}</sessions_path>
  </zookeeper>"""
        more = f"""{keeper if keeper_port else ""}
  <macros>{macros}</macros>
  {QUICK_CLEANUP}
  <remote_servers>
    <{CLUSTER}>{_shards(shards)}</{CLUSTER}>
    <{FIRST_SHARD}>{_shards(shards[:1])}</{FIRST_SHARD}>
  </remote_servers>
"""
        config = self.directory / "config.xml"
        plain = config.read_text().partition("<zookeeper>")[0].partition("<macros>")[0]
        config.write_text(plain.replace("</clickhouse>", "") + more + "</clickhouse>\n")

    def _program(self, directory: Path, port: int) -> Program:
        plain = embedded_program(self._library, directory, port)
        (directory / "listen.sql").write_text(_LISTEN)
        host = (plain.argv[0], "-I", replica_host.__file__, str(self._library))
        ours = (*host, str(self._interserver_port), "--http_port", str(self._interserver_port))
        return replace(plain, argv=(*ours, *plain.argv[4:]), niceness=0)


def _shards(shards: list[list[int]]) -> str:
    return "".join(
        f"<shard><internal_replication>true</internal_replication>{_members(ports)}</shard>"
        for ports in shards
    )


def _members(ports: list[int]) -> str:
    return "".join(
        f"<replica><host>{LOOPBACK}</host><port>{port}</port></replica>" for port in ports
    )


class ReplicatedClickHouse:
    """Replicas of each shard and their Keeper, started together and killed at the end.

    Attributes:
        replicas: those of all shards, shard by shard.
        shards: the same, apart.

    Args:
        replicas: of each shard.
    """

    def __init__(
        self,
        directory: Path,
        cache_dir: Path,
        zookeeper_classes: Path,
        replicas: int = 2,
        shards: int = 1,
    ) -> None:
        library = known_library(cache_dir)
        self.keeper = ZooKeeper(directory / "zookeeper", zookeeper_classes)
        self.shards = [
            [
                Replica(directory / f"replica-{shard}-{number}", library, _macros(shard, number))
                for number in range(1, replicas + 1)
            ]
            for shard in range(1, shards + 1)
        ]
        self.replicas = list(chain.from_iterable(self.shards))
        self._stack = ExitStack()

    def url(self, database: str) -> str:
        """Return a URL that names all replicas."""
        ends = ",".join(f"{LOOPBACK}:{each.port}" for each in self.replicas)
        return f"clickhouse://default@{ends}/{database}"

    def configure(self) -> None:
        """Write down for each replica where the others are."""
        for each in self.replicas:
            each.configure(self.keeper.port, [[one.port for one in shard] for shard in self.shards])

    def __enter__(self) -> Self:
        self.configure()
        with ExitStack() as stack:
            stack.enter_context(self.keeper)
            for each in self.replicas:
                stack.enter_context(each)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def catch_up(self, database: str) -> None:
        """Have each replica get what the others of its shard have, whichever is asked next."""
        for each in self.replicas:
            found = f"SELECT table FROM system.replicas WHERE database = '{database}'"
            for (table,) in each.execute(found):
                each.execute(
                    f"SYSTEM SYNC REPLICA {database}.{table} LIGHTWEIGHT",
                    receive_timeout=_CATCH_UP_SECONDS,
                )

    def drop(self, database: str) -> None:
        """Drop a database on all replicas, with what Keeper knows of it."""
        for each in self.replicas:
            each.execute(f"DROP DATABASE IF EXISTS {database} SYNC")

    def ensure_running(self) -> None:
        """Start again what a test has killed."""
        for each in (self.keeper, *self.replicas):
            each.ensure_running()


def _macros(shard: int, number: int) -> dict[str, str]:
    return {"shard": f"{shard:02d}", "replica": f"r{number}"}
