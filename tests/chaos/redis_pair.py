"""Two Redis servers, of which one is the master, and a name that leads to it and may move.

What a name does is done by the proxies between the parts: new connections are led to where it leads
now, and those that are open stay with whom they have.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from app.local.valkey import valkey_url
from app.processes.child import Program, wait_for
from tests.chaos.aof import AofTail
from tests.chaos.cutter import Cutter
from tests.chaos.service import Service

_COMMAND_SECONDS = 3.0
_SYNC_SECONDS = 20.0
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

    def __init__(self, make: Callable[[str], RedisServer], names: list[Cutter]) -> None:
        self.master, self.spare = make("valkey"), make("valkey-spare")
        self._names = names
        self.replica_link = Cutter(self.master.port)
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

    def promote(self) -> RedisServer:
        """Make the replica the master and move the name; return the old one, which lives on."""
        old, new = self.master, self.spare
        new.command("REPLICAOF", "NO", "ONE")
        self.master, self.spare = new, old
        self._move()
        return old

    def demote(self, server: RedisServer) -> None:
        """Have a server be a replica of nobody: it answers, and takes and hears nothing new."""
        server.command("REPLICAOF", "127.0.0.1", _NOWHERE_PORT)

    def end_spare(self) -> None:
        """kill -9 of the spare server."""
        self.replica_link.flow()
        self.spare.service.kill()

    def _is_in_step(self) -> bool:
        try:
            said = self.spare.command("INFO", "replication")
        except (RedisError, OSError):
            return False
        assert isinstance(said, dict)
        return bool(said["master_link_status"] == "up" and not said["master_sync_in_progress"])

    def _move(self) -> None:
        for name in self._names:
            name.lead_to(self.master.port)
