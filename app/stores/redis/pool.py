"""Connections that redis-py makes anew to where their address leads by now."""

import time
from collections.abc import Callable
from typing import Any

import redis
from redis.connection import SSLConnection, UnixDomainSocketConnection

from app.stores.redis.cluster_locator import ClusterRefused
from app.stores.redis.errors import said_by
from app.stores.redis.server import Locate

#: What a server says that may not be the one to ask any more.
_IS_NO_MASTER = ("CLUSTERDOWN", "MASTERDOWN", "MOVED", "NOREPLICAS", "READONLY", "UNBLOCKED")
#: A pool gives no older connection: where it was made to may lead elsewhere by now, and a server
#: that lost its role may live on. To connect costs less than a millisecond.
_LONGEST_USE_SECONDS = 5.0


class _Renewed:
    """Connects anew when it is taken from a pool and its server may not be the one to ask.

    It is never closed between a command and its reply.

    Args:
        locate: tells where the master is; None where the connection's own place is that.
        doubt: called when the server is away, or may not be the one to ask.
        options: redis-py's.

    Attributes:
        is_spent: whether its server said that it takes no writes in its present role.
        peer: host and port that were reached, or the path of a Unix socket and 0.
    """

    is_spent = False
    peer = ("", 0)
    _made_at = 0.0

    def __init__(
        self,
        *,
        locate: Locate | None = None,
        doubt: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._locate = locate
        self._doubt = doubt

    def connect(self: Any) -> None:
        """Connect unless that is done, the connection young enough and its server the master."""
        is_old = time.monotonic() - self._made_at > _LONGEST_USE_SECONDS
        if self.is_connected and (self.is_spent or is_old or self._is_deposed()):
            self.disconnect()
        super().connect()  # type: ignore[misc]

    def on_connect_check_health(self: Any, *arguments: Any, **named: Any) -> None:
        """Introduce ourselves, and see that who is named the master is one."""
        super().on_connect_check_health(*arguments, **named)  # type: ignore[misc]
        said = self.handshake_metadata or {}
        if self._locate is not None and said.get(b"role") not in (None, b"master"):
            self._doubt()
            raise redis.ReadOnlyError("it is named the master, but it isn't yet")

    def _is_deposed(self: Any) -> bool:
        if self._locate is None:
            return False
        try:
            at = self._locate()
        except (OSError, ClusterRefused):
            # What is not known is no reason to leave a server that answers.
            return False
        return (at.host, at.port) != (self.host, self.port)

    def _connect(self: Any) -> Any:
        if self._locate is not None:
            try:
                at = self._locate()
            except OSError as error:
                raise redis.ConnectionError(str(error)) from error
            self.host, self.port = at.host, at.port
        try:
            opened = super()._connect()  # type: ignore[misc]
        except OSError:
            self._doubt()
            raise
        self._made_at, self.is_spent = time.monotonic(), False
        end = opened.getpeername()
        self.peer = (end, 0) if isinstance(end, str) else end[:2]
        return opened

    def read_response(self, *arguments: Any, **named: Any) -> Any:
        """Return a reply, or raise what redis-py raises."""
        try:
            return super().read_response(*arguments, **named)  # type: ignore[misc]
        except redis.ResponseError as error:
            is_read_only = isinstance(error, redis.ReadOnlyError)
            self.is_spent = is_read_only or said_by(error).startswith(_IS_NO_MASTER)
            if self.is_spent:
                self._doubt()
            # Which of the servers of a name that was.
            error.peer = self.peer  # type: ignore[attr-defined]
            raise


class RenewedConnection(_Renewed, redis.Connection):
    """Over TCP."""


class RenewedTLSConnection(_Renewed, SSLConnection):
    """Over TLS."""


class RenewedUnixConnection(_Renewed, UnixDomainSocketConnection):
    """Over a Unix socket."""
