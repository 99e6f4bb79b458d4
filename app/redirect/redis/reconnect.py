"""Task that keeps a connection to Redis open for as long as a worker lives."""

import random
from collections.abc import Callable

import gevent
from prometheus_client import Counter

from app.redirect.redis.connection import ConnectFailed, Connection
from app.redirect.tasks.background_task import BackgroundTask
from app.redirect.tasks.backoff import backoff_seconds


class Reconnecting:
    """Connects, has the connection used until it ends, and connects again.

    Args:
        name: one of :data:`app.metrics.redirect.CHORES`.
        connect: opens a connection; may block, and may raise ConnectFailed.
        use: is given each connection; blocks until the connection has ended.
        in_vain: is told why there is none; another try follows.
        task_failures: counter of unexpected errors, by name.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], Connection],
        use: Callable[[Connection], None],
        in_vain: Callable[[ConnectFailed], None],
        task_failures: Counter,
    ) -> None:
        self._connect = connect
        self._use = use
        self._in_vain = in_vain
        self._failures = 0
        self._task = BackgroundTask(name, self._connect_once, task_failures)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._task.start()

    def close(self) -> None:
        """Connect no more, and stop using the connection; blocks the calling greenlet."""
        self._task.close()

    def _connect_once(self) -> None:
        try:
            connection = self._connect()
        except ConnectFailed as error:
            self._in_vain(error)
            self._pause()
            self._failures += 1
        else:
            self._failures = 0
            self._use(connection)
            self._pause()

    def _pause(self) -> None:
        gevent.sleep(backoff_seconds(self._failures, random.random()))  # noqa: S311
