"""Nodes of a cluster that a worker asks how they see it, over a connection to each."""

import hiredis
from gevent.lock import BoundedSemaphore
from gevent.pool import Group
from gevent.queue import SimpleQueue

from app.redirect.redis.connection import ConnectFailed, Connection, ask, connect
from app.stores.redis.address import Address, Peer
from app.stores.redis.cluster import QUESTIONS, NoCluster, read_view
from app.stores.redis.cluster_locator import ClusterLocator, Said, Silence, why_silent
from app.stores.redis.polling import ASK_SECONDS, Poll


class Nodes:
    """Asks nodes.

    Args:
        address: of the cluster.
        name: what CLIENT LIST shows.

    Attributes:
        locator: tells what they say together.
    """

    def __init__(self, address: Address, name: str) -> None:
        self._address = address
        self._name = name
        self._askers: dict[Peer, NodeAsker] = {}
        self._asking = Group()
        poll = Poll[Said](self._ask, self._asking.spawn, SimpleQueue)
        self.locator = ClusterLocator(address, poll, BoundedSemaphore())

    def close(self) -> None:
        """End the connections, those included that are being made."""
        self._asking.kill()
        for asker in self._askers.values():
            asker.close()

    def _ask(self, end: Peer) -> Said:
        if end not in self._askers:
            self._askers[end] = NodeAsker(self._address.at(end), end, self._name)
        return self._askers[end].ask()


class NodeAsker:
    """Connection that asks one node, and is made anew after any trouble.

    Args:
        address: its own.
        end: what the others call it.
        name: what CLIENT LIST shows.
    """

    def __init__(self, address: Address, end: Peer, name: str) -> None:
        self._address = address
        self._name = name
        self._end = end
        self._connection: Connection | None = None

    def ask(self) -> Said:
        """Return how the node sees its cluster, or why it doesn't tell; within a moment."""
        try:
            if self._connection is None:
                self._connection = connect(
                    self._address, name=self._name, timeout_seconds=ASK_SECONDS
                )
            replies = [ask(self._connection, *question) for question in QUESTIONS]
        except (OSError, hiredis.HiredisError, ConnectFailed) as error:
            self.close()
            return Silence(f"can't be asked: {error.__cause__ or error}")
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                return why_silent(str(reply))
        try:
            return read_view(self._end, *replies)
        except NoCluster as error:
            return Silence(str(error))

    def close(self) -> None:
        """End the connection; the next question makes another."""
        if self._connection is not None:
            self._connection.socket.close()
            self._connection = None
