"""Monitor that moves a worker to where Redis' address leads now, though the old server answers."""

import logging

import gevent
from gevent import socket
from prometheus_client import Counter

from app.logs.throttle import ThrottledLog
from app.redirect.redis.connection import ConnectFailed, connect
from app.redirect.redis.pipeline import Pipeline
from app.redirect.tasks.background_task import BackgroundTask
from app.stores.redis.address import Address, named
from app.stores.redis.server import FailoverDetector, Locate, RedisServer, Resolve

logger = logging.getLogger(__name__)


class FailoverMonitor:
    """Looks again and again where the address leads, and has the pipeline connect anew there.

    Names are looked up by gevent's resolver, in a thread, so that nothing waits for them.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        locate: Locate,
        *,
        name: str,
        look_seconds: float,
        timeout_seconds: float,
        task_failures: Counter,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        """Make one that has not begun.

        Args:
            locate: as the pipeline's.
            name: what CLIENT LIST shows while it is asked who answers.
            look_seconds: between two looks.
            timeout_seconds: longest wait for each step of that.
            task_failures: see :class:`~app.redirect.tasks.background_task.BackgroundTask`.
            resolve: stands in for :func:`socket.getaddrinfo`.
        """
        self._pipeline = pipeline
        self._name = name
        self._look_seconds = look_seconds
        self._timeout_seconds = timeout_seconds
        self._throttled = ThrottledLog(logger)
        self._detector = FailoverDetector(locate, resolve, self._ask)
        self._task = BackgroundTask("following", self._look, task_failures)

    @property
    def is_astray(self) -> bool:
        """Whether Redis' address no longer leads to the server that is connected to."""
        return self._pipeline.connected.is_set() and self._detector.is_astray

    def start(self) -> None:
        """Begin; returns at once."""
        self._task.start()

    def close(self) -> None:
        """End it."""
        self._task.close()

    def _look(self) -> None:
        gevent.sleep(self._look_seconds)
        self._pipeline.connected.wait()
        connection = self._pipeline.connection
        if connection is None:
            return
        try:
            leads_elsewhere = self._detector.leads_elsewhere(connection.peer, connection.server)
        except ConnectFailed as error:
            self._throttled.warning("locate", "Where Redis is can't be told: %s", error)
            return
        if leads_elsewhere and self._pipeline.connection is connection:
            left = named(connection.address, connection.peer)
            self._pipeline.reconnect(f"its address leads to another server than {left}")

    def _ask(self, at: Address) -> RedisServer | None:
        try:
            asked = connect(at, name=self._name, timeout_seconds=self._timeout_seconds)
        except ConnectFailed as error:
            self._throttled.warning(
                "ask", "Nobody can be asked where Redis' address leads: %s", error
            )
            return None
        asked.socket.close()
        return asked.server
