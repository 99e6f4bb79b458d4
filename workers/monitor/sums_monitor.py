"""Monitor that has the sums of closed days computed, on one host at a time."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

from app.config.settings import Settings
from app.logs.throttle import OutageLog
from app.metrics.workers import SumsMetrics
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.keys import sums_lock_key
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError
from app.stores.scripts import script
from app.sums.upkeep import Standing, Upkeep

logger = logging.getLogger(__name__)

#: How often each host looks how far the sums have come.
LOOK_SECONDS = 15.0
#: How long one host computes before another may.
TURN_SECONDS = 55.0
#: Rest after a computation, as a multiple of the time that it took: whatever waits, inserts and
#: reports have most of ClickHouse.
_REST = 3.0
#: Deleting rows writes a month's sums anew, and a comparison reads the times of all clicks.
_TIDY_SECONDS = 21_600.0


class SumsMonitor:
    """Computes what is due, and shows how far the sums have come.

    Args:
        try_lock: takes the lock of computations; False while another host holds it. Two who compute
            are both right; one is cheaper.
        wait: for some seconds; True where there is no time left.
    """

    def __init__(
        self,
        upkeep: Upkeep,
        try_lock: Callable[[], bool],
        metrics: SumsMetrics,
        wait: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upkeep = upkeep
        self._try_lock = try_lock
        self._metrics = metrics
        self._wait = wait
        self._clock = clock
        self._tidied_at = -_TIDY_SECONDS
        self._outage = OutageLog(
            logger, "sums of days wait to be computed: %s", RedisError, ClickHouseError
        )

    def look(self) -> None:
        """Compute, if it is this host's turn."""
        with self._outage.attempt():
            standing = self._show()
            if (standing.due or self._is_untidy()) and self._try_lock():
                self._take_turn(standing)
                self._show()

    def close(self) -> None:
        """Hang up on ClickHouse."""
        self._upkeep.close()

    def _show(self) -> Standing:
        standing = self._upkeep.look()
        self._metrics.days.labels("clean").set(standing.clean)
        self._metrics.days.labels("waiting").set(len(standing.waiting))
        self._metrics.behind_seconds.set(standing.behind_seconds)
        return standing

    def _take_turn(self, standing: Standing) -> None:
        ends_at = self._clock() + TURN_SECONDS
        for day in standing.due:
            began = self._clock()
            self._upkeep.compute(day)
            ended = self._clock()
            rest_seconds = _REST * (ended - began)
            if ended + rest_seconds >= ends_at or self._wait(rest_seconds):
                return
        if self._is_untidy():
            self._tidied_at = self._clock()
            for one in self._upkeep.compare():
                logger.error("%s; the day is computed anew", one)
            self._upkeep.tidy(self._upkeep.look())

    def _is_untidy(self) -> bool:
        return self._clock() - self._tidied_at >= _TIDY_SECONDS


class SumsThread:
    """Runs the monitor in a thread of its own; a computation may take a while."""

    def __init__(self, settings: Settings, metrics: SumsMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sums", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Have it end after the day at hand; returns at once."""
        self._over.set()

    def close(self) -> None:
        """Have it end, and wait for that as long as Redis may take."""
        self.stop()
        self._thread.join(self._settings.redis_timeout_seconds)

    def _run(self) -> None:
        with closing(_open(self._settings, self._metrics, self._over.wait)) as monitor:
            monitor.look()
            while not self._over.wait(LOOK_SECONDS):
                monitor.look()


def _open(settings: Settings, metrics: SumsMetrics, wait: Callable[[float], bool]) -> SumsMonitor:
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    call = caller(connect(url, timeout_seconds=timeout_seconds), url, timeout_seconds)
    key = sums_lock_key(settings.stream, settings.group)
    command = ("EVAL", script("workers.stream", "lock"), 1, key, "supervisor")
    upkeep = Upkeep(
        settings.clickhouse_server, settings.clickhouse_timeout_seconds, settings.sums_ttl_days
    )
    milliseconds = round(TURN_SECONDS * 1000)
    return SumsMonitor(upkeep, lambda: bool(call(*command, milliseconds)), metrics, wait)
