"""Group of Redis or Valkey servers that Sentinels watch over: a master and its replicas."""

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.local.ports import LOOPBACK
from app.local.valkey import answers, valkey_program
from app.processes.child import Program, wait_for
from app.processes.private_files import write_private
from tests.chaos.testbed.service import Service
from tests.ha.testbed.users import Login, Users
from tests.support.servers import MAXMEMORY_BYTES, free_port

MASTER_NAME = "mymaster"
SERVERS, SENTINELS, QUORUM = 3, 3, 2
_READY_SECONDS = 30.0
_COMMAND_SECONDS = 1.0
#: How soon Sentinel may fail over again; its default of three minutes is longer than a run.
_FAILOVER_TIMEOUT_MS = 5_000


class Node:
    """One server or Sentinel, with its folder and port."""

    def __init__(
        self, directory: Path, login: Login, program: Callable[[Path, int], Program]
    ) -> None:
        directory.mkdir(parents=True)
        self.port = free_port()
        self.login = login
        self.service = Service(program(directory, self.port), directory.with_suffix(".log"), {})

    @contextlib.contextmanager
    def connected(self, seconds: float = _COMMAND_SECONDS) -> Iterator[Redis]:
        """Yield a client of the operator's that answers in text and never tries twice."""
        client = Redis(
            host=LOOPBACK,
            port=self.port,
            username=self.login.username,
            password=self.login.password,
            socket_timeout=seconds,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
        )
        with client:
            yield client

    def command(self, *words: object) -> Any:
        """Run one command over a connection of its own.

        Raises:
            redis.exceptions.RedisError: it can't be reached, or refuses.
        """
        with self.connected() as client:
            return client.execute_command(*words)


class RedisGroup:
    """The servers, of which the first is the master at the start, and their Sentinels.

    Args:
        down_after_seconds: how long a master is silent before Sentinels count it as down.
        min_replicas: below so many replicas in step a master takes no writes.
    """

    def __init__(
        self, directory: Path, binary: Path, down_after_seconds: float, min_replicas: int
    ) -> None:
        self.users = Users()
        self._binary = binary
        self._down_after_ms = int(down_after_seconds * 1000)
        self._min_replicas = min_replicas
        login = self.users.operator
        self.servers: list[Node] = []
        for number in range(1, SERVERS + 1):
            self.servers.append(Node(directory / f"server-{number}", login, self._server))
        self.sentinels = [
            Node(directory / f"sentinel-{number}", login, self._sentinel)
            for number in range(1, SENTINELS + 1)
        ]

    def start(self) -> None:
        """Start all of them, and wait until replicas are in step and Sentinels know each other.

        Raises:
            TimeoutError: they don't come together.
        """
        for nodes, are_together in (
            (self.servers, self._are_replicas_in_step),
            (self.sentinels, self._do_sentinels_agree),
        ):
            for node in nodes:
                node.service.spawn()
            for node in nodes:
                node.service.wait_until_ready(_READY_SECONDS)
            if not wait_for(are_together, _READY_SECONDS):
                raise TimeoutError("servers or Sentinels did not find together")

    def url(self, login: Login) -> str:
        """Return the URL by which Hopline asks the Sentinels for the master."""
        ports = [sentinel.port for sentinel in self.sentinels]
        return self.users.sentinel_url(login, ports, MASTER_NAME)

    def master(self) -> Node:
        """Return the server that the Sentinels call the master.

        Raises:
            redis.exceptions.RedisError: no Sentinel answers, or they name none of the servers.
        """
        for sentinel in self.sentinels:
            with contextlib.suppress(RedisError):
                _, port = sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
                return self.server_at(int(port))
        raise RedisError("no Sentinel knows the master")

    def server_at(self, port: int) -> Node:
        """Return the server that listens there."""
        return next(server for server in self.servers if server.port == port)

    def shut_out(self, node: Node, *logins: Login) -> None:
        """Cut users off from a server: who is connected is hung up on, and nobody gets in."""
        for login in logins:
            node.command("ACL", "SETUSER", login.username, "off")
            node.command("CLIENT", "KILL", "USER", login.username)

    def let_in(self, node: Node, *logins: Login) -> None:
        """Let users in again; who has connected meanwhile and is nobody has to knock anew."""
        for login in logins:
            node.command("ACL", "SETUSER", login.username, "on")
        node.command("CLIENT", "KILL", "USER", "default")

    def keep(self) -> None:
        """Start again what has ended and wasn't killed on purpose; main thread only."""
        for node in self.nodes:
            node.service.keep()

    def kill(self, node: Node) -> None:
        """kill -9; it stays down until :meth:`bring_back`."""
        node.service.kill(math.inf)

    def bring_back(self) -> None:
        """Start what was killed, and let go on what was stopped; main thread only."""
        for node in self.nodes:
            if not node.service.is_running:
                node.service.spawn()

    @property
    def nodes(self) -> list[Node]:
        return [*self.servers, *self.sentinels]

    def _server(self, directory: Path, port: int) -> Program:
        lines = [
            *self.users.server_lines(),
            f"min-replicas-to-write {self._min_replicas}",
            "min-replicas-max-lag 1",
            "repl-diskless-sync-delay 0",
            "repl-ping-replica-period 1",
        ]
        if self.servers:
            lines.append(f"replicaof {LOOPBACK} {self.servers[0].port}")
        program = valkey_program(self._binary, directory, port, MAXMEMORY_BYTES)
        return self._configured(program, directory, port, lines)

    def _sentinel(self, directory: Path, port: int) -> Program:
        of_master = {
            "monitor": f"{LOOPBACK} {self.servers[0].port} {QUORUM}",
            "down-after-milliseconds": self._down_after_ms,
            "failover-timeout": _FAILOVER_TIMEOUT_MS,
            "parallel-syncs": SERVERS - 1,
        }
        lines = [
            f"bind {LOOPBACK}",
            f"port {port}",
            f"dir {directory}",
            *(f"sentinel {name} {MASTER_NAME} {value}" for name, value in of_master.items()),
            *self.users.sentinel_lines(MASTER_NAME),
        ]
        program = Program("sentinel", (str(self._binary), "--sentinel"))
        return self._configured(program, directory, port, lines)

    def _configured(
        self, program: Program, directory: Path, port: int, lines: list[str]
    ) -> Program:
        """Return a program that reads those lines from a file, which it may write anew itself."""
        path = directory / "server.conf"
        write_private(path, "\n".join((*lines, "")))
        binary, *options = program.argv
        url = self.users.url(self.users.operator, port)
        return replace(program, argv=(binary, str(path), *options), is_ready=lambda: answers(url))

    def _are_replicas_in_step(self) -> bool:
        with contextlib.suppress(RedisError):
            said = self.servers[0].command("INFO", "replication")
            replicas = [said.get(f"slave{place}") for place in range(SERVERS - 1)]
            offset = said["master_repl_offset"]
            return all(
                one and one["state"] == "online" and one["offset"] >= offset for one in replicas
            )
        return False

    def _do_sentinels_agree(self) -> bool:
        return all(self._knows_everybody(sentinel) for sentinel in self.sentinels)

    def _knows_everybody(self, sentinel: Node) -> bool:
        with contextlib.suppress(RedisError):
            said = sentinel.command("SENTINEL", "MASTER", MASTER_NAME)
            others, replicas = int(said["num-other-sentinels"]), int(said["num-slaves"])
            return (said["flags"], others, replicas) == ("master", SENTINELS - 1, SERVERS - 1)
        return False
