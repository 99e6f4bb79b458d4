"""Thread that looks where Redis' address leads, and has a consumer move there."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.stores.redis.address import Address, parse_url
from app.stores.redis.agreement import OneServer
from app.stores.redis.client import connect, locator
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import RedisError
from app.stores.redis.server import FailoverDetector, RedisServer, Resolve, look_seconds

logger = logging.getLogger(__name__)


class FailoverMonitor:
    """Looks again and again where Redis' address leads, in a thread that may wait for a resolver.

    A master that was replaced and lives on gives nothing and says nothing: a consumer that only
    waits for entries would do so for ever.

    Args:
        server: is left when the address leads to another one.
        resolve: stands in for :func:`socket.getaddrinfo`.
        near: a key; of a cluster, the server that serves it is meant.
    """

    def __init__(
        self,
        url: str,
        server: OneServer,
        timeout_seconds: float,
        resolve: Resolve = socket.getaddrinfo,
        near: str = "",
    ) -> None:
        self._url = url
        self._near = near
        self._server = server
        self._timeout_seconds = timeout_seconds
        self._look_seconds = look_seconds(parse_url(url))
        self._detector = FailoverDetector(locator(url, near), resolve, self._ask)
        self._was_astray = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="failover", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look for as long as the context lasts; its end waits for nobody."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()

    def look(self) -> None:
        """Look once."""
        reached = self._server.reached
        if reached is None:
            return
        if self._detector.leads_elsewhere(*reached):
            self._server.leave(reached, "leads to another server now")
        elif self._detector.is_astray and not self._was_astray:
            logger.warning("Redis' address leads elsewhere, but to no other master: staying")
        self._was_astray = self._detector.is_astray

    def _run(self) -> None:
        while not self._over.wait(self._look_seconds):
            self.look()

    def _ask(self, _: Address) -> RedisServer | None:
        try:
            with connect(
                self._url, timeout_seconds=self._timeout_seconds, near=self._near
            ) as client:
                connection = RedisConnection(client, self._url, self._timeout_seconds)
                return RedisServer.from_info(connection.call("INFO", "server", "replication"))
        except RedisError as error:
            logger.debug("Nobody can be asked where Redis' address leads: %s", error)
            return None
