"""Agreement that holds all connections of a consumer to one Redis server."""

import threading

from app.stores.redis.address import Peer, named, parse_url
from app.stores.redis.errors import RedisUnavailable
from app.stores.redis.server import RedisServer


class ServerLeft(RedisUnavailable):
    """All connections end, because their address leads to another server; that one may answer."""


class OneServer:
    """Holds all connections of a consumer to one server, until its address leads to another.

    What a consumer has read at one server means nothing at another. So when its connections would
    reach two, or one of them another than before, all are left, and the consumer starts over.

    Args:
        url: that the connections are made by.
    """

    def __init__(self, url: str) -> None:
        self._address = parse_url(url)
        self._lock = threading.Lock()
        self._agreement = 0
        self._why_left = ""
        self._reached: tuple[Peer, RedisServer] | None = None

    @property
    def reached(self) -> tuple[Peer, RedisServer] | None:
        """The end and the server that they have reached; None while they have to connect."""
        return self._reached

    def agree(self, peer: Peer, server: RedisServer) -> int:
        """Note what a connection has reached, and return the number of the agreement.

        Raises:
            ServerLeft: another connection has reached another server, and is left.
        """
        with self._lock:
            if self._reached is not None and self._reached[1].id != server.id:
                self._leave(f"leads to another server now ({named(self._address, peer)})")
                raise self._left()
            self._reached = peer, server
            return self._agreement

    def leave(self, reached: tuple[Peer, RedisServer], why: str) -> None:
        """Have all connections made anew, unless they have; may be called from any thread.

        Args:
            reached: what the connections had reached when that was decided.
            why: goes on after the server's name.
        """
        with self._lock:
            if self._reached == reached:
                self._leave(why)

    def require(self, agreement: int) -> None:
        """Check that an agreement still holds.

        Raises:
            ServerLeft: it does not, and who was connected under it has to hang up.
        """
        if agreement != self._agreement:
            raise self._left()

    def _leave(self, why: str) -> None:
        self._agreement += 1
        self._reached = None
        self._why_left = why

    def _left(self) -> ServerLeft:
        return ServerLeft(f"Redis at {self._address} {self._why_left}")
