"""Two Redis servers, of which one is the master, and a name that leads to it and may move.

What a name does is done by the proxies between the parts: new connections are led to where it leads
now, and those that are open stay with whom they have.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from app.local.valkey import valkey_url
from app.processes.child import Program, wait_for
from tests.chaos.testbed.aof_tail import AofTail
from tests.support.service import Service
from tests.support.tcp_proxy import CuttingProxy

#: A server that is asked to step down goes on until it hears of it, so this is short.
_COMMAND_SECONDS = 1.0
_SYNC_SECONDS = 60.0
_NOWHERE_PORT = 1


class RedisServer:
    """One of the two, with its folder, port and append-only file."""

    def __init__(
        self, directory: Path, port: int, program: Program, environ: dict[str, str]
    ) -> None:
        self.directory = directory
        self.port = port
        self.service = Service(program, directory.with_suffix(".log"), environ)
        self.aof_tail = AofTail(directory)

    def command(self, *words: object) -> object:
        """Run one command over a connection of its own."""
        with Redis.from_url(valkey_url(self.port), socket_timeout=_COMMAND_SECONDS) as client:
            return client.execute_command(*words)

    def wipe(self) -> None:
        """Start from nothing; the server must not be running."""
        shutil.rmtree(self.directory)
        self.directory.mkdir()


class RedisPair:
    """The master, the spare one, and the proxies whose name moves."""

    def __init__(self, make: Callable[[str], RedisServer], names: list[CuttingProxy]) -> None:
        self.master, self.spare = make("valkey"), make("valkey-spare")
        self._names = names
        self.replica_link = CuttingProxy(self.master.port)
        self._move()

    def begin_replica(self) -> None:
        """Have the spare server follow the master, until it is in step."""
        self.spare.service.kill()
        self.spare.wipe()
        self.replica_link.lead_to(self.master.port)
        self.spare.service.spawn()
        self.spare.service.wait_until_ready(_SYNC_SECONDS)
        self.spare.command("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        self.master.command("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        self.spare.command("REPLICAOF", "127.0.0.1", self.replica_link.port)
        if not wait_for(self._is_in_step, _SYNC_SECONDS):
            self.end_spare()
            raise RedisError("the replica did not get in step")

    def promote(self) -> None:
        """Make the replica the master and move the name; the old one lives on."""
        self.spare.command("REPLICAOF", "NO", "ONE")
        self.master, self.spare = self.spare, self.master
        self._move()

    def demote(self, lag_seconds: float = 0.0) -> None:
        """Have the master be a replica of nobody: it answers, and takes and hears nothing new.

        Where it can't be told, the replica catches up, and nothing has happened: the replica is
        never further behind than it should be.

        Args:
            lag_seconds: how far the replica is behind by then.
        """
        self.let_lag(lag_seconds)
        try:
            self.master.command("REPLICAOF", "127.0.0.1", _NOWHERE_PORT)
        except (RedisError, OSError):
            self.replica_link.flow()
            raise

    def let_lag(self, seconds: float) -> None:
        """Have the replica hear nothing any more; returns when it is so far behind."""
        if seconds:
            self.replica_link.stall()
            time.sleep(seconds)

    def end_spare(self) -> None:
        """kill -9 of the spare server."""
        self.replica_link.flow()
        self.spare.service.kill()

    def _is_in_step(self) -> bool:
        """Tell whether the spare server has all that the master had a moment ago.

        A link that is up doesn't tell: what came during the transfer may have yet to be taken in.
        """
        try:
            due = self.master.command("INFO", "replication")
            said = self.spare.command("INFO", "replication")
        except (RedisError, OSError):
            return False
        assert isinstance(due, dict)
        assert isinstance(said, dict)
        return bool(
            said["master_link_status"] == "up"
            and said["slave_repl_offset"] >= due["master_repl_offset"]
        )

    def _move(self) -> None:
        for name in self._names:
            name.lead_to(self.master.port)
