"""Connection that sends each command to Redis once, whatever happens."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

import redis

from app.stores.redis.address import parse_url
from app.stores.redis.agreement import OneServer
from app.stores.redis.asking import ask_elsewhere, redirection_of
from app.stores.redis.errors import RedisRefused, RedisUnavailable, translated
from app.stores.redis.server import RedisServer

#: How often a blocked call looks up whether it should end.
LOOK_UP_SECONDS = 0.2
#: What Redis says when a stream or its group is gone, which passes by creating it.
_IS_GONE = ("NOGROUP", "no such key")


class RedisConnection:
    """One connection to Redis on which a command is sent once, whatever happens.

    A call raises RedisUnavailable (its outcome is unknown; a missing stream or group also counts,
    for it can be created) or RedisRefused. After an error the next call connects anew. Only what a
    node of a cluster says it did not carry out (MOVED, ASK) is sent once more, where it points to;
    a consumer starts over at the new node instead.

    Args:
        client: gives the connection; its socket timeout is the longest wait for what doesn't block.
        url: names the server in errors.
        reply_seconds: longest wait for a blocking call's reply once BLOCK is over.
        server: what the connections of a consumer have to agree on; None for one that is alone.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        reply_seconds: float,
        server: OneServer | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._reply_seconds = reply_seconds
        self._server = server
        self._agreement = 0
        # redis-py leaves its connections' methods untyped.
        self._connection: Any = None

    def call(self, *command: str | bytes | float) -> Any:
        """Return the reply to a command as RESP3 has it: bytes, integers, lists, maps."""
        with self._translated():
            try:
                return self._ask(command)
            except redis.exceptions.AskError as error:
                if self._server is not None:
                    raise
                return self._follow(error, command)

    def call_all(self, commands: Sequence[Sequence[str | bytes | int]]) -> list[Any]:
        """Return the replies to commands that are sent at once, as :meth:`call` returns each."""
        with self._translated():
            connection = self._connected()
            try:
                connection.send_packed_command(connection.pack_commands(commands))
                return [connection.read_response() for _ in commands]
            except redis.RedisError:
                # What comes back now would be taken for the reply to the next command.
                connection.disconnect()
                raise

    def send(self, *command: str | bytes | int) -> None:
        """Send a command, whose reply :meth:`receive` returns; nothing else may come between."""
        with self._translated():
            self._connected().send_command(*command)

    def receive(self, block_ms: int, should_end: Callable[[], bool]) -> Any:
        """Return the reply to what was sent, which may block, or None once told to end.

        To end early means to hang up: a reply that is coming is lost, and entries in it stay
        pending at their consumer.
        """
        with self._translated():
            connection = self._asked()
            last_chance = monotonic() + block_ms / 1000 + self._reply_seconds
            while not connection.can_read(timeout=LOOK_UP_SECONDS):
                if should_end():
                    connection.disconnect()
                    return None
                self._require_agreement()
                if monotonic() > last_chance:
                    connection.disconnect()
                    raise redis.TimeoutError("no reply to a blocking read")
            return connection.read_response()

    def hang_up(self) -> None:
        """Drop the connection, with whatever is still coming; the next call connects anew."""
        if self._connection is not None:
            self._connection.disconnect()

    def _connected(self) -> Any:
        if self._connection is None:
            self._connection = self._client.connection_pool.get_connection()
            self._agree()
        elif self._server is None:
            # As a pool does before each command, so that it goes where the address leads by now.
            self._connection.connect()
        elif not self._connection.is_connected:
            # By sending, redis-py may dial where it did before, see its send_packed_command().
            self._connection.connect()
            self._agree()
        else:
            self._require_agreement()
        return self._connection

    def _ask(self, command: Sequence[Any]) -> Any:
        connection = self._connected()
        connection.send_command(*command)
        return connection.read_response()

    def _follow(self, error: redis.exceptions.AskError, command: Sequence[Any]) -> Any:
        """Send a command, which was not carried out, once more to who has its key by now."""
        to = redirection_of(error)
        if to is None:
            raise error
        if not to.is_ask:
            # The next call connects anew, to where the map has the slot by then.
            self.hang_up()
        at = parse_url(self._url).at(to.end)
        return ask_elsewhere(at, command, self._reply_seconds, is_ask=to.is_ask)

    def _asked(self) -> Any:
        """Return the connection over which something was asked; one made now would never say."""
        if self._connection is None or not self._connection.is_connected:
            raise redis.ConnectionError("the connection ended before the reply")
        self._require_agreement()
        return self._connection

    def _agree(self) -> None:
        """Ask who answers, and see that the consumer's other connection has reached the same."""
        if self._server is None:
            return
        try:
            self._agreement = self._server.agree(self._connection.peer, self._ask_who())
        except BaseException:
            self.hang_up()
            raise

    def _ask_who(self) -> RedisServer:
        self._connection.send_command("INFO", "server", "replication")
        try:
            return RedisServer.from_info(self._connection.read_response())
        except redis.exceptions.NoPermissionError:
            return RedisServer()

    def _require_agreement(self) -> None:
        if self._server is not None:
            try:
                self._server.require(self._agreement)
            except RedisUnavailable:
                self.hang_up()
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(self._url):
                yield
        except RedisRefused as error:
            if any(words in str(error) for words in _IS_GONE):
                raise RedisUnavailable(str(error)) from error
            raise
        except RedisUnavailable as error:
            if self._connection is not None and self._connection.is_spent:
                self.hang_up()
            if isinstance(error.__cause__, redis.exceptions.MovedError):
                self._leave_together()
            raise

    def _leave_together(self) -> None:
        """Have the consumer's other connection made anew as well: the slot of both has moved."""
        if self._server is not None and (reached := self._server.reached) is not None:
            self._server.leave(reached, "no longer serves the shard's slot")
            self._require_agreement()
