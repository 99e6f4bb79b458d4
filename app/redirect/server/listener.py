"""A listening socket that gunicorn's arbiter opened, inherited or was passed by systemd."""

import _socket
import errno
from collections.abc import Iterator
from typing import Any

#: The process or the machine has no room for another connection (accept(2)).
_NO_ROOM = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class NoRoom(Exception):
    """The process or the machine has run out of file descriptors or memory."""


class Listener:
    """Takes connections from a listening socket.

    Attributes:
        gunicorn_socket: the socket as gunicorn's own code wants it.
        server: SERVER_NAME and SERVER_PORT, or None behind a Unix socket.
    """

    def __init__(self, gunicorn_socket: Any) -> None:
        self.gunicorn_socket = gunicorn_socket
        self.family: int = gunicorn_socket.family
        name = gunicorn_socket.getsockname()
        self.server = (name[0], str(name[1])) if isinstance(name, tuple) else None
        self.fd: int = gunicorn_socket.fileno()
        gunicorn_socket.setblocking(False)
        # The bare C socket: neither gevent's nor the standard library's wrapper is needed, and
        # each connection would pay for it in memory and time.
        self._sock = _socket.socket(self.family, _socket.SOCK_STREAM, 0, self.fd)

    def accept(self, most: int) -> Iterator[tuple[_socket.socket, tuple[Any, ...]]]:
        """Yield up to so many new connections, non-blocking, each with its peer.

        Raises:
            NoRoom: when the process can't hold another.
        """
        for _ in range(most):
            try:
                fd, peer = self._sock._accept()  # type: ignore[attr-defined]  # what accept() wraps
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    raise NoRoom(str(error)) from error
                continue  # this client has gone already; the next may be fine
            sock = _socket.socket(self.family, _socket.SOCK_STREAM, 0, fd)
            sock.setblocking(False)
            yield sock, peer if self.server else ("", "")

    def close(self) -> None:
        """Stop listening in this process."""
        self._sock.detach()
        self.gunicorn_socket.close()
