"""Upkeep of the search index of links: a thread of the console that fills it and keeps it fresh.

Whoever asks has the index take in all changes before; this has little left for that, and counts
clicks, which need not be there: without ClickHouse they stay as they were. While links are imported
it stands back: many changes taken in at once cost less, and the import has the processor.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

from app.config.settings import Settings
from app.links.index.file import IndexUnusable
from app.links.index.follower import Follower, LinkClicks, NotFilled
from app.metrics.console import ConsoleMetrics
from app.reports.sums.link_clicks import link_clicks
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

#: Between two looks at the trail, and after something went wrong.
_PAUSE_SECONDS, _WAIT_SECONDS = 0.5, 5.0
#: Between two looks while a bulk is at work, of which whoever asks has less than 3 s to take in.
_STAND_BACK_SECONDS = 10.0
#: Between two counts of clicks at least, and by how much longer than a count takes.
_COUNT_SECONDS, _COUNT_SHARE = 15.0, 20.0
#: Links between two lines in the log.
_TELL = 100_000


class IndexUpkeep:
    """Fills an index and keeps it fresh.

    Args:
        count: yields the clicks of links.
        is_busy: whether many links are being changed in this process.
    """

    def __init__(
        self,
        follower: Follower,
        count: Callable[[], Iterable[LinkClicks]],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._follower = follower
        self._count = count
        self._clock = clock
        self._wall = wall
        self._is_busy = is_busy
        self._count_at = self._look_at = self._fresh_at = clock()

    def behind_seconds(self) -> float:
        """Return for how long the index may lack changes; any thread may ask."""
        return self._clock() - self._fresh_at

    def work(self) -> float:
        """Do what is due, and return how many seconds to wait."""
        if self._is_busy() and self._clock() < self._look_at:
            return _PAUSE_SECONDS
        try:
            self._follower.fill(_tell)
            self._follower.catch_up()
            self._fresh_at = self._clock()
            self._look_at = self._fresh_at + _STAND_BACK_SECONDS
            if self._clock() >= self._count_at:
                self._count_clicks()
        except NotFilled:
            return 0.0
        except (RedisError, IndexUnusable, ClickHouseError) as error:
            logger.info("The index of links is not kept fresh: %s", error)
            return _WAIT_SECONDS
        return _PAUSE_SECONDS

    def _count_clicks(self) -> None:
        began, as_of = self._clock(), self._wall()
        # Should it fail, the next try isn't at once either.
        self._count_at = began + _COUNT_SECONDS
        self._follower.take_clicks(self._count(), as_of)
        took = self._clock() - began
        self._count_at = began + max(_COUNT_SECONDS, took * _COUNT_SHARE)


def keep_fresh(
    follower: Follower,
    settings: Settings,
    is_busy: Callable[[], bool],
    metrics: ConsoleMetrics,
) -> None:
    """Begin to keep an index fresh, until the process ends; see :class:`IndexUpkeep`."""
    count = partial(link_clicks, settings.clickhouse_server, settings.clickhouse_timeout_seconds)
    upkeep = IndexUpkeep(follower, count, is_busy=is_busy)
    metrics.index_behind_seconds.set_function(upkeep.behind_seconds)

    def run() -> None:
        while True:
            try:
                pause_seconds = upkeep.work()
            except Exception:
                logger.exception("The index of links is not kept fresh")
                pause_seconds = _WAIT_SECONDS
            time.sleep(pause_seconds)

    threading.Thread(target=run, name="links-index", daemon=True).start()


def _tell(done: int, total: int) -> None:
    if done % _TELL == 0 or done == total:
        logger.info("The index of links holds %d of %d", done, total)
