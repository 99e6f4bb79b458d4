"""Socket that hands a connection to gunicorn's own handler, for requests out of the ordinary."""

import errno
import socket
from time import monotonic

import gevent.socket

#: Longest wait for a client to send or take a byte.
TIMEOUT_SECONDS = 10.0
#: Longest and most that is read after the answer, so that closing doesn't destroy it on its way.
LINGER_SECONDS = 2.0
LINGER_BYTES = 1 << 20
_STATUS_LINE = b"HTTP/1.1 "


class FallbackSocket(gevent.socket.socket):  # type: ignore[misc]  # gevent has no types
    """A connection whose first bytes have been read already, and are read from here again.

    A client that stays silent for too long looks to gunicorn like one that has gone.

    Attributes:
        began: time.monotonic() of the handing over.
        status: of the last answer that was begun, three digits; empty before it.
    """

    def __init__(self, family: int, fd: int, received: bytes) -> None:
        super().__init__(family, socket.SOCK_STREAM, 0, fileno=fd)
        self.began = monotonic()
        self.status = ""
        self._received = received
        self.settimeout(TIMEOUT_SECONDS)

    def setblocking(self, flag: bool) -> None:
        """Do nothing: gunicorn asks for blocking without a limit."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return the bytes already read first; nothing once the client has been silent too long."""
        if self._received:
            received, self._received = self._received[:size], self._received[size:]
            return received
        try:
            data: bytes = super().recv(size, flags)
            return data
        except TimeoutError:
            return b""

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """Send everything.

        Raises:
            BrokenPipeError: when the client has gone or takes nothing.
        """
        if data.startswith(_STATUS_LINE):
            self.status = data[len(_STATUS_LINE) :][:3].decode("ascii")
        try:
            super().sendall(data, flags)
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing") from error

    def close(self) -> None:
        """Close once the client has had time to read the answer (RFC 9112 section 9.6)."""
        try:
            self._linger()
        except OSError:
            return
        finally:
            super().close()

    def _linger(self) -> None:
        self.shutdown(socket.SHUT_WR)
        until, left = monotonic() + LINGER_SECONDS, LINGER_BYTES
        while left > 0 and (seconds := until - monotonic()) > 0:
            self.settimeout(seconds)
            data = super().recv(65_536)
            if not data:
                return
            left -= len(data)
