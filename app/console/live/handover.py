"""Handover that takes a connection out of gunicorn's hands, once the answer has begun.

gunicorn writes the head and what is there at once. Then its descriptor leads to a socket that
nobody reads, and the connection has another: whatever gunicorn still does to the answer and its
connection, ending it among that, it does to that one.
"""

import os
import socket
import ssl
from collections.abc import Callable, Iterator

import falcon

_UNSERVED = "Live clicks are served by the console's own server, without TLS of its own."


def connection_of(req: falcon.Request) -> socket.socket:
    """Return the connection of a request.

    Raises:
        falcon.HTTPNotImplemented: there is none that could be taken.
    """
    connection = req.env.get("gunicorn.socket")
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket):
        raise falcon.HTTPNotImplemented(description=_UNSERVED)
    return connection


class HandedOver:
    """Body of an answer that somebody else goes on with.

    Args:
        connection: gunicorn's.
        first: what gunicorn sends.
        go_on: takes the connection.
        abandon: called if it never came to that.
    """

    def __init__(
        self,
        connection: socket.socket,
        first: bytes,
        go_on: Callable[[socket.socket], None],
        abandon: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._first = first
        self._go_on = go_on
        self._abandon = abandon
        self._sink: socket.socket | None = None

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        self._go_on(self._take())

    def close(self) -> None:
        """Give up what stands in the connection's place; gunicorn sees that its end is closed."""
        if self._sink is None:
            self._abandon()
        else:
            self._sink.close()

    def _take(self) -> socket.socket:
        taken = socket.socket(fileno=os.dup(self._connection.fileno()))
        stands_in, self._sink = socket.socketpair()
        with stands_in:
            os.dup2(stands_in.fileno(), self._connection.fileno(), inheritable=False)
        return taken
