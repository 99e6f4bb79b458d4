"""A Redis with a replica, and the network between them."""

from contextlib import ExitStack
from typing import Self

from redis import Redis

from app.processes.child import wait_for
from tests.support.servers import RedisServer
from tests.support.tcp_proxy import TcpProxy

_SYNCED_WITHIN_SECONDS = 60.0


class ReplicatedRedis:
    """Two servers, of which one may follow the other; as a context manager.

    Attributes:
        master: the one that clicks are given to.
        replica: the one that follows.
        network: what lies between them.
    """

    def __init__(self, master: RedisServer, replica: RedisServer) -> None:
        self.master = master
        self.replica = replica
        self.network = TcpProxy(master.port)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.network)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def follow(self, *, directly: bool = False) -> None:
        """Have the replica follow, by the network or past it, and wait until it has all."""
        port = self.master.port if directly else self.network.port
        with Redis(port=self.replica.port) as replica, Redis(port=self.master.port) as master:
            replica.replicaof("127.0.0.1", port)
            assert wait_for(
                lambda: replica.info("replication")["master_link_status"] == "up",
                _SYNCED_WITHIN_SECONDS,
            )
            # Without anything written, one that is still being filled counts as well.
            master.set("synced", "")
            assert wait_for(lambda: master.wait(1, 100), _SYNCED_WITHIN_SECONDS)

    def part(self) -> None:
        """Have the replica follow nobody any more."""
        with Redis(port=self.replica.port) as replica, Redis(port=self.master.port) as master:
            replica.replicaof("NO", "ONE")
            assert wait_for(lambda: not master.info("replication")["connected_slaves"], 60)
