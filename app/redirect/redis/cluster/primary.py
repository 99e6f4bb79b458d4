"""Primary that serves some slots of a cluster, whichever node that is after a failover."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import hiredis

from app.redirect.redis.connection import ConnectFailed, Connection
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replicated_pipeline import ReplicatedPipeline
from app.redirect.redis.replies import OnReply
from app.stores.redis.address import Address, named
from app.stores.redis.cluster import Node

logger = logging.getLogger(__name__)

#: Sends a command on that was redirected, or tells that it can't.
Follow = Callable[[hiredis.ReplyError, bytes, OnReply], bool]


class PrimaryPipeline(Pipeline):
    """Pipeline to a primary, whose redirected commands are sent on once."""

    def __init__(self, locate: Callable[[], Address], *, follow: Follow, **options: Any) -> None:
        """Make an unconnected pipeline.

        Args:
            locate: as the parent's.
            follow: is given what was redirected.
            options: as the parent's.
        """
        super().__init__(locate, **options)
        self._follow = follow

    def submit(self, command: bytes, on_reply: OnReply) -> None:
        """Queue a command, as the parent does; a redirection is followed before anybody is told.

        What is redirected once more is told as it is.
        """
        super().submit(command, partial(self._take, command, on_reply))

    def submit_here(self, command: bytes, on_reply: OnReply) -> None:
        """Queue a command whose redirection the caller follows."""
        super().submit(command, on_reply)

    def move(self, reason: str) -> None:
        """Connect anew, to another node, at once; blocks the calling greenlet for a moment."""
        self.reconnect(reason)
        # Whoever is being connected to, or is to be tried again only soon, is another.
        self._reconnecting.close()
        self._reconnecting.start()

    def _take(self, command: bytes, on_reply: OnReply, reply: object) -> None:
        is_followed = isinstance(reply, hiredis.ReplyError) and self._follow(
            reply, command, on_reply
        )
        if not is_followed:
            on_reply(reply)

    def _connect(self) -> Connection:
        connection = super()._connect()
        if connection.server.is_replica:
            connection.socket.close()
            at = named(connection.address, connection.peer)
            raise ConnectFailed(f"Redis at {at} is a replica, though the cluster's map has it lead")
        return connection


class ReplicatedPrimaryPipeline(PrimaryPipeline, ReplicatedPipeline):
    """The same, and a replica of this primary has to confirm the clicks."""


class Primary:
    """Owner of slots, and the pipeline to it.

    Attributes:
        node: who that is now.
        pipeline: stays the same when a replica takes over.
    """

    def __init__(
        self, node: Node, address: Address, make_pipeline: "Callable[[Primary], PrimaryPipeline]"
    ) -> None:
        """Make one that is not connected.

        Args:
            address: of the cluster.
        """
        self.node = node
        self._address = address
        self.pipeline = make_pipeline(self)

    def __str__(self) -> str:
        """Return how a log line names it."""
        host, port = self.node.end
        return f"{host}:{port}"

    @property
    def is_away(self) -> bool:
        """Whether there is no connection to it."""
        return not self.pipeline.connected.is_set()

    def become(self, node: Node) -> None:
        """Go by what is known now, and follow the slots to another node if they moved there."""
        before, self.node = self.node, node
        if (before.id, before.end) != (node.id, node.end):
            host, port = before.end
            logger.warning("%s has taken over from %s:%d", self, host, port)
            self.pipeline.move(f"{host}:{port} no longer serves its slots")

    def locate(self) -> Address:
        """Return where it is now."""
        return self._address.at(self.node.end)
