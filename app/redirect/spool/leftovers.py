"""Retention that deletes what is left of damage to the spool, once nobody will look at it."""

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.threadpool import ThreadPool

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.tasks.background_task import BackgroundTask

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 3600.0
_DAY_MS = 86_400_000


class SpoolLeftovers:
    """Looks once an hour for damaged clicks and databases that were set aside long ago.

    Args:
        file: of its own.
        days: age from which on they go.
        wall_clock: Unix seconds.
    """

    def __init__(
        self,
        file: SpoolFile,
        days: int,
        metrics: RedirectMetrics,
        wall_clock: Callable[[], float] = time.time,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        self._file = file
        self._days = days
        self._wall_clock = wall_clock
        self._pause_seconds = pause_seconds
        self._thread = ThreadPool(1)
        self._throttled = ThrottledLog(logger)
        self._task = BackgroundTask("leftovers", self._look, metrics.chore_failures)

    def start(self) -> None:
        """Begin to look; returns at once."""
        self._task.start()

    def close(self) -> None:
        """Look no more."""
        self._task.close()
        self._thread.kill()
        self._file.close()

    def _look(self) -> None:
        before_ms = round(self._wall_clock() * 1000) - self._days * _DAY_MS
        job: Any = self._thread.spawn(self._forget, before_ms)
        gone = job.get()
        if gone:
            logger.warning("%d damaged click(s) and spool(s) of long ago are deleted", gone)
        gevent.sleep(self._pause_seconds)

    def _forget(self, before_ms: int) -> int:
        try:
            return self._file.forget_damaged(before_ms)
        except SpoolError as error:
            self._throttled.warning("spool", "Damaged clicks can't be deleted: %s", error)
            return 0
