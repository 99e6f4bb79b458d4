"""Clusters of Redis or Valkey on this machine, for a test to break and to move slots about."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from redis import Redis, RedisError

from app.local.ports import LOOPBACK
from app.local.valkey import valkey_binary, valkey_program
from app.stores.redis.cluster import SLOT_COUNT, Node, SlotMap, merged, read_view, slot_of
from tests.support.redirect.waiting import wait_until
from tests.support.servers import MAXMEMORY_BYTES, Server, free_port

_READY_SECONDS = 120.0
#: A node that is called away is replaced after this and as long again.
NODE_TIMEOUT_MS = 2_000
#: Where no replica could follow, a node that stands still for a moment is better waited for.
_PATIENT_MS = 30_000


class ClusterNode(Server):
    """A node of a cluster, which serves what slots are left if others are away."""

    def __init__(self, directory: Path, binary: Path, node_timeout_ms: int) -> None:
        self.bus_port = free_port()
        options = {
            "cluster-enabled": "yes",
            "cluster-port": str(self.bus_port),
            "cluster-node-timeout": str(node_timeout_ms),
            "cluster-require-full-coverage": "no",
            "cluster-replica-validity-factor": "0",
            "enable-debug-command": "local",
            "repl-diskless-sync-delay": "0",
        }
        argv = tuple(part for name, value in options.items() for part in (f"--{name}", value))
        super().__init__(
            lambda at, port: replace(
                program := valkey_program(binary, at, port, MAXMEMORY_BYTES),
                argv=(*program.argv, *argv),
            ),
            directory,
        )

    def call(self, *command: str | int) -> Any:
        """Return the reply to a command: text within lists and maps."""
        with Redis(
            port=self.port, decode_responses=True, socket_timeout=30, retry=None, protocol=2
        ) as client:
            # As the server gives it: redis-py makes objects of some of these replies.
            connection = client.connection_pool.get_connection()
            try:
                connection.send_command(*command)
                return connection.read_response()
            finally:
                connection.disconnect()

    @property
    def id(self) -> str:
        """Its name among the nodes."""
        return str(self.call("CLUSTER", "MYID"))

    def cut_off(self) -> None:
        """Have it hear no other node any more, while clients and its replicas reach it (Valkey)."""
        self.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", -2)

    def reconnect(self) -> None:
        """Have it hear the others again."""
        self.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", -1)

    def view(self) -> SlotMap:
        """Return how it sees the cluster."""
        replies = self.call("CLUSTER", "SLOTS"), self.call("CLUSTER", "NODES")
        return read_view((LOOPBACK, self.port), *replies).slots


class Cluster:
    """A cluster that is made at the start, of primaries and then as many replicas, in their order.

    Args:
        primaries: how many share the slots out evenly.
        replicas: how many there are in all; the first one follows the first primary.

    Attributes:
        nodes: all of them, the primaries of the beginning first.
    """

    def __init__(
        self,
        directory: Path,
        primaries: int = 3,
        replicas: int = 0,
        binary: Path | None = None,
        node_timeout_ms: int = NODE_TIMEOUT_MS,
    ) -> None:
        used = binary or valkey_binary()
        node_timeout_ms = node_timeout_ms if replicas else _PATIENT_MS
        self.nodes = [
            ClusterNode(directory / f"node-{number}", used, node_timeout_ms)
            for number in range(primaries + replicas)
        ]
        self._primary_count = primaries
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        ends = ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes)
        return f"redis+cluster://{ends}"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for node in self.nodes:
                stack.enter_context(node)
            self._join()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _join(self) -> None:
        first, *others = self.nodes
        primaries = self.nodes[: self._primary_count]
        for number, node in enumerate(primaries):
            node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            begin, end = (SLOT_COUNT * at // len(primaries) for at in (number, number + 1))
            node.call("CLUSTER", "ADDSLOTSRANGE", begin, end - 1)
        for node in others:
            first.call("CLUSTER", "MEET", LOOPBACK, node.port, node.bus_port)
        wait_until(lambda: all(self._knows_all(node) for node in self.nodes), _READY_SECONDS)
        for number, node in enumerate(self.nodes[self._primary_count :]):
            node.call("CLUSTER", "REPLICATE", primaries[number % len(primaries)].id)
        self.wait_until_whole()

    def _knows_all(self, node: ClusterNode) -> bool:
        lines = node.call("CLUSTER", "NODES").splitlines()
        is_met = all("handshake" not in line and "noaddr" not in line for line in lines)
        return len(lines) == len(self.nodes) and is_met and node.view().slot_count == SLOT_COUNT

    def wait_until_whole(self) -> None:
        """Wait until all nodes that run agree that all slots are served, and replicas follow."""
        wait_until(self._is_whole, _READY_SECONDS)

    def _is_whole(self) -> bool:
        running = [node for node in self.nodes if node.is_running]
        with suppress(RedisError):
            owners = {
                tuple((each.first, each.last, each.node.id) for each in node.view())
                for node in running
            }
            return len(owners) == 1 and all(map(_is_well, running))
        return False

    def owner(self, key: str | int) -> ClusterNode:
        """Return the primary of a key or a slot."""
        primary = self._view().node_of(slot_of(key) if isinstance(key, str) else key)
        assert primary is not None, "nobody serves the slot"
        return self._at(primary)

    def primaries(self) -> Sequence[ClusterNode]:
        """Return those that serve slots, in the order of these."""
        return [self._at(primary) for primary in self._view().nodes]

    def _view(self) -> SlotMap:
        """Return what the nodes that run make of it together."""
        views = []
        for node in self.nodes:
            with suppress(RedisError):
                views += [node.view()] if node.is_running else []
        return merged(views)

    def _at(self, node: Node) -> ClusterNode:
        return next(each for each in self.nodes if each.port == node.end[1])

    def replica_of(self, primary: ClusterNode) -> ClusterNode:
        """Return a node that follows a primary and runs."""
        found = (
            node
            for node in self.nodes
            if node.is_running and node is not primary and _follows(node, primary)
        )
        return next(found)

    def fail_over(self, primary: ClusterNode) -> ClusterNode:
        """Have a replica take a primary's place while it lives, and return the new primary."""
        replica = self.replica_of(primary)
        replica.call("CLUSTER", "FAILOVER")
        self.wait_for_primary(replica)
        return replica

    def wait_for_primary(self, node: ClusterNode) -> None:
        """Wait until a node has been promoted, and all others know it."""
        wait_until(lambda: node.call("ROLE")[0] == "master", _READY_SECONDS)
        self.wait_until_whole()

    def empty(self) -> None:
        """Delete all keys."""
        for node in self.primaries():
            node.call("FLUSHALL")

    def move_slot(self, slot: int, target: ClusterNode) -> None:
        """Move a slot with its keys, key by key as all versions can (SETSLOT and MIGRATE)."""
        self.begin_move(slot, target)
        source = self.owner(slot)
        while keys := source.call("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.call("MIGRATE", LOOPBACK, target.port, "", 0, 60_000, "KEYS", *keys)
        self.end_move(slot, target)

    def begin_move(self, slot: int, target: ClusterNode) -> None:
        """Have keys of a slot that are not at its primary asked for at another (ASK)."""
        source = self.owner(slot)
        target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)

    def end_move(self, slot: int, target: ClusterNode) -> None:
        """Give the slot to the node that has its keys by now."""
        for node in (target, *(each for each in self.primaries() if each is not target)):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", target.id)

    def move_slot_at_once(self, slot: int, target: ClusterNode) -> None:
        """Move a slot with all its keys in one step (CLUSTER MIGRATESLOTS, Valkey 9)."""
        source = self.owner(slot)
        source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id)
        wait_until(lambda: _last_move(source) in ("success", "failed", "cancelled"), 60)
        assert _last_move(source) == "success", source.call("CLUSTER", "GETSLOTMIGRATIONS")
        self.wait_until_whole()


def _is_well(node: ClusterNode) -> bool:
    role = node.call("ROLE")
    if role[0] == "slave" and role[3] != "connected":
        return False
    return "cluster_state:ok" in str(node.call("CLUSTER", "INFO"))


def _follows(node: ClusterNode, primary: ClusterNode) -> bool:
    role = node.call("ROLE")
    return role[0] == "slave" and role[2] == primary.port


def _last_move(source: ClusterNode) -> str:
    newest = source.call("CLUSTER", "GETSLOTMIGRATIONS")[0]
    fields = dict(zip(newest[::2], newest[1::2], strict=False))
    return str(fields["state"])
