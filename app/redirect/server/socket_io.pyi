"""Receives from sockets and sends to them without ever waiting, in C.

Each call does what ``socket.recv`` or ``socket.send`` does for a socket that never blocks, at a
part of what those cost outside the kernel.
"""

from typing import Final

#: Most that is received at once, bytes.
MOST_BYTES: Final[int]

def receive(descriptor: int, /) -> bytes | None:
    """Return what has come, nothing if nothing more will, None if there is nothing yet.

    Raises:
        OSError: when the connection is broken.
    """

def transmit(descriptor: int, data: bytes | memoryview, /) -> int:
    """Return how many bytes of the data there was room for; 0 if there is none now.

    Raises:
        OSError: when the connection is broken.
    """
