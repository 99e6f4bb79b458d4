"""Group of Redis or Valkey servers that Sentinels watch over, by the reference configuration."""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from app.processes.child import wait_for
from tests.support.deploy.replicated_redis import ReplicatedRedis, make_hosts, password
from tests.support.servers import Server

MASTER_NAME = "mymaster"
REPLICA, SENTINEL = "replica", "sentinel"
_TOGETHER_SECONDS = 100.0
_COMMAND_SECONDS = 20.0


class Node:
    """One server or Sentinel.

    Args:
        ask: returns a client of the operator's with a timeout in seconds.
    """

    def __init__(self, server: Server, ask: Callable[[float], Redis]) -> None:
        self.server = server
        self.port = server.port
        self._ask = ask

    @contextlib.contextmanager
    def connected(self, seconds: float = _COMMAND_SECONDS) -> Iterator[Redis]:
        """Yield a client of the operator's that answers in text and never tries twice."""
        with self._ask(seconds) as client:
            yield client

    def command(self, *words: object) -> Any:
        """Run one command over a connection of its own.

        Raises:
            redis.exceptions.RedisError: it can't be reached, or refuses.
        """
        with self.connected() as client:
            return client.execute_command(*words)


class RedisGroup:
    """Three servers, of which the first is the master at the start, and their Sentinels.

    Args:
        down_after_seconds: how long a master is silent before Sentinels count it as down.
        min_replicas: below so many replicas in step a master takes no writes.
    """

    def __init__(
        self, directory: Path, binary: Path, down_after_seconds: float, min_replicas: int
    ) -> None:
        hosts = make_hosts(directory, binary, None)
        self._replicated = ReplicatedRedis(hosts)
        for host in hosts:
            down_after = f"down-after-milliseconds {MASTER_NAME}"
            _set(host.sentinel, "sentinel.conf", down_after, int(down_after_seconds * 1000))
            _set(host.redis, "hopline-replication.conf", "min-replicas-to-write", min_replicas)
        self.servers = [
            Node(host.redis, lambda seconds, host=host: host.ask_redis(seconds=seconds))
            for host in hosts
        ]
        self.sentinels = [
            Node(host.sentinel, lambda seconds, host=host: host.ask_sentinel(seconds=seconds))
            for host in hosts
        ]

    @property
    def nodes(self) -> list[Node]:
        """All of them."""
        return [*self.servers, *self.sentinels]

    def start(self) -> None:
        """Start all of them, and wait until replicas are in step and Sentinels know each other."""
        first, *others = hosts = self._replicated.hosts
        for host in hosts:
            host.redis.start()
        for host in others:
            host.follow(first)
        for host in hosts:
            host.watch(first)
            host.sentinel.start()
        self._replicated.settle()
        if not wait_for(self._are_replicas_in_step, _TOGETHER_SECONDS):
            raise TimeoutError("the replicas did not get in step")

    def kill_all(self) -> None:
        """kill -9 of all that runs."""
        for node in self.nodes:
            node.server.kill()

    def url(self, user: str) -> str:
        """Return the URL by which Hopline asks the Sentinels for the master."""
        return self._replicated.url(user)

    def master(self) -> Node:
        """Return the server that a Sentinel calls the master.

        Raises:
            redis.exceptions.RedisError: no Sentinel answers.
        """
        for sentinel in self.sentinels:
            with contextlib.suppress(RedisError):
                _, port = sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
                return next(server for server in self.servers if server.port == int(port))
        raise RedisError("no Sentinel answers")

    def shut_out(self, node: Node, *users: str) -> None:
        """Cut users off from a server: who is connected is hung up on, and nobody gets in.

        That the default user is off matters: else a server goes on talking to whom it refused.
        """
        for user in users:
            node.command("ACL", "SETUSER", user, "off")
            node.command("CLIENT", "KILL", "USER", user)

    def let_in(self, node: Node, *users: str) -> None:
        """Let users in again; who has connected meanwhile and is nobody has to knock anew."""
        for user in users:
            node.command("ACL", "SETUSER", user, "on")
        node.command("CLIENT", "KILL", "USER", "default")

    def bring_back(self) -> None:
        """Start what was killed; main thread only."""
        for node in self.nodes:
            if not node.server.is_running:
                node.server.start()

    def _are_replicas_in_step(self) -> bool:
        """Tell whether the replicas have all that the master had a moment ago.

        They are asked themselves: the master hears of it once a second, while Sentinels write on.
        """
        first, *others = (node.command for node in self.servers)
        due = first("INFO", "replication")["master_repl_offset"]
        said = [each("INFO", "replication") for each in others]
        return all(
            one["master_link_status"] == "up" and one["slave_repl_offset"] >= due for one in said
        )


def login(user: str) -> str:
    """Return a user of the reference configuration and the password, as a URL has them."""
    return f"{user}:{password(user.removeprefix('hopline-'))}"


def _set(server: Server, name: str, setting: str, value: int) -> None:
    """Give a setting of the reference configuration another value."""
    path = server.directory / name
    text, count = re.subn(rf"(?m)({re.escape(setting)}) \d+$", rf"\g<1> {value}", path.read_text())
    if not count:
        raise ValueError(f"{setting} is no longer in the reference configuration")
    path.write_text(text)
