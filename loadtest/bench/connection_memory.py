"""Measurement of what a connection costs that is open and idle."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from loadtest.bench.machine.usage import pss_bytes
from loadtest.bench.servers.server import Server
from loadtest.common.processes import tree

IDLE_CONNECTIONS = 2000
#: First requests make a server load and cache things that no connection costs.
_WARM_UP_CONNECTIONS = 200
_SETTLE_SECONDS = 0.3
_TIMEOUT_SECONDS = 10


def connection_bytes(server: Server, request: bytes) -> float:
    """Return the memory (PSS) that an idle keep-alive connection adds to the server's processes.

    Each connection has been answered once.
    """
    with _idle_connections(server.port, request, _WARM_UP_CONNECTIONS):
        before = _settled_bytes(server)
        with _idle_connections(server.port, request, IDLE_CONNECTIONS):
            return (_settled_bytes(server) - before) / IDLE_CONNECTIONS


@contextmanager
def _idle_connections(port: int, request: bytes, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            address = ("127.0.0.1", port)
            connection = socket.create_connection(address, timeout=_TIMEOUT_SECONDS)
            stack.enter_context(connection)
            connection.sendall(request)
            connection.recv(65536)
        yield


def _settled_bytes(server: Server) -> int:
    time.sleep(_SETTLE_SECONDS)
    return pss_bytes(tree(server.pid))
