"""Client of a cluster that sends each command to the node that serves its key.

Rule 1: a command is sent once more only after MOVED or ASK, which mean that it wasn't carried out.
        redis-py's own client of clusters tries again after any failure.
Rule 2: a pipeline's commands are in order at each node, and not between nodes: what has to come
        first has a pipeline of its own.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.client import Pipeline
from redis.exceptions import AskError

from app.stores.redis.address import Peer
from app.stores.redis.asking import redirection_of
from app.stores.redis.cluster import SlotMap, slot_of
from app.stores.redis.cluster_locator import ClusterLocator
from app.stores.redis.server import Locate

#: A command and redis-py's options for its reply.
_Command = tuple[Sequence[Any], dict[str, Any]]

#: Commands that have no key; any primary may answer them.
_KEYLESS = frozenset((
    "ACL", "BGREWRITEAOF", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "INFO", "LATENCY",
    "PING", "ROLE", "SLOWLOG", "TIME", "WAIT",
))  # fmt: skip
#: Between two looks whether several streams have something new.
_LOOK_SECONDS = 0.1
#: Commands whose first key stands behind the name of what they do.
_BEHIND_VERB = frozenset(("MEMORY", "OBJECT", "XGROUP", "XINFO"))


def key_of(command: Sequence[Any]) -> str | bytes | None:
    """Return the first key of a command, whose name may hold its verb; None where it has none."""
    name, *verb = str(command[0]).upper().split()
    words = [*verb, *command[1:]]
    if name in _KEYLESS:
        return None
    key: Any
    if name == "EVAL":
        key = words[2] if int(words[1]) else None
    elif name in ("XREAD", "XREADGROUP"):
        key = words[[word in ("STREAMS", b"STREAMS") for word in words].index(True) + 1]
    else:
        key = words[1 if name in _BEHIND_VERB else 0]
    return key if key is None or isinstance(key, bytes) else str(key)


class ClusterClient(redis.Redis):
    """Client that speaks to all primaries of a cluster, and asks again where a slot has moved to.

    Args:
        new_pool: makes connections to where a function leads.

    Attributes:
        locator: tells who serves a slot.
    """

    def __init__(
        self, locator: ClusterLocator, new_pool: Callable[[Locate], "redis.ConnectionPool"]
    ) -> None:
        self.locator = locator
        self._new_pool = new_pool
        self._nodes: dict[Peer, redis.Redis] = {}
        super().__init__(connection_pool=new_pool(locator.any_primary))
        self.auto_close_connection_pool = True

    def close(self) -> None:
        """End all connections."""
        for node in self._nodes.values():
            node.close()
        super().close()

    def slots(self) -> SlotMap:
        """Return who serves which slot.

        Raises:
            redis.ConnectionError: nobody tells.
        """
        found: SlotMap = self._located(self.locator.slots)
        return found

    def primaries(self) -> "list[redis.Redis]":
        """Return a client of each primary, in the order of their slots; raises as :meth:`slots`."""
        return [self.node(node.end) for node in self.slots().nodes]

    def execute_command(self, *command: Any, **options: Any) -> Any:
        """Return the reply of the node that serves the command's key."""
        key = key_of(command)
        if key is None:
            return super().execute_command(*command, **options)  # type: ignore[no-untyped-call]
        node = self.node(self.end_of(key))
        try:
            return node.execute_command(*command, **options)  # type: ignore[no-untyped-call]
        except AskError as error:
            return self.follow(error, (command, options))

    def mget(self, keys: Any, *further: Any) -> Any:
        """Return the values of keys in whatever slots."""
        with self.pipeline(transaction=False) as pipeline:
            for key in (keys, *further) if isinstance(keys, (str, bytes)) else (*keys, *further):
                pipeline.get(key)
            return pipeline.execute()

    def xread(  # type: ignore[override]
        self, streams: Any, count: Any = None, block: Any = None
    ) -> Any:
        """Return what is new in streams in whatever slots; a node can't wait for all of them."""
        until = time.monotonic() + (block or 0) / 1000
        while True:
            found: list[Any] = []
            for stream, after in streams.items():
                found += super().xread({stream: after}, count=count) or []
            if found or time.monotonic() >= until:
                return found
            time.sleep(_LOOK_SECONDS)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> "Pipeline":  # noqa: ARG002 - redis-py's
        """Return a pipeline over all nodes, which can't be a transaction."""
        if transaction:
            raise redis.RedisError("there are no transactions over the slots of a cluster")
        return _RoutedPipeline(self)

    def end_of(self, key: str | bytes) -> Peer:
        """Return where the node is that serves a key.

        Raises:
            redis.ConnectionError: nobody does, or nobody tells.
        """
        at = self._located(lambda: self.locator.primary_of(slot_of(key)))
        return at.host, at.port

    def execute_at(self, end: Peer, commands: Sequence[_Command]) -> list[Any]:
        """Return the replies of one node to commands, errors among them."""
        pipeline = self.node(end).pipeline(transaction=False)
        for command, options in commands:
            pipeline.execute_command(*command, **options)  # type: ignore[no-untyped-call]
        return pipeline.execute(raise_on_error=False)

    def follow(self, error: AskError, command: _Command) -> Any:
        """Return the reply to a command that was not carried out, from whom the error names."""
        to = redirection_of(error)
        if to is None:
            raise error
        asking: list[_Command] = [(("ASKING",), {})] if to.is_ask else []
        reply = self.execute_at(to.end, [*asking, command])[-1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def node(self, end: Peer) -> "redis.Redis":
        """Return a client of one node."""
        if end not in self._nodes:
            at = self.locator.at(end)
            self._nodes[end] = redis.Redis.from_pool(self._new_pool(lambda: at))
            # What its user wants done with replies.
            self._nodes[end].response_callbacks = self.response_callbacks
        return self._nodes[end]

    @staticmethod
    def _located(locate: Callable[[], Any]) -> Any:
        try:
            return locate()
        except OSError as error:
            raise redis.ConnectionError(str(error)) from error


class _RoutedPipeline(Pipeline):
    """Pipeline whose commands go to the nodes that serve their keys, all of a node's at once."""

    def __init__(self, client: ClusterClient) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, False, None)
        self._client = client

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Return the replies, in the order of the commands.

        Raises:
            redis.RedisError: the first error; what else was sent may have been carried out.
        """
        commands: list[_Command] = list(self.command_stack)
        self.reset()
        places_of: dict[Peer, list[int]] = defaultdict(list)
        for place, (command, _) in enumerate(commands):
            places_of[self._client.end_of(key_of(command) or b"")].append(place)
        replies: list[Any] = [None] * len(commands)
        for end, places in places_of.items():
            found = self._client.execute_at(end, [commands[place] for place in places])
            for place, reply in zip(places, found, strict=True):
                replies[place] = self._followed(reply, commands[place])
        errors = (reply for reply in replies if isinstance(reply, Exception))
        if raise_on_error and (error := next(errors, None)):
            raise error
        return replies

    def _followed(self, reply: Any, command: _Command) -> Any:
        if not isinstance(reply, AskError):
            return reply
        try:
            return self._client.follow(reply, command)
        except redis.ResponseError as error:
            return error
