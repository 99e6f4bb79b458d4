"""Detector that ends a wait for ClickHouse when it gets no further.

A mutation is the server's to carry out, and it tries again by itself whatever failed: what Keeper
or a disk refused for a moment is no failure yet.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable

#: A server tells of a mutation that it hasn't begun by itself after 60 s at most.
_STALLED_SECONDS = 90.0
#: Long enough for replicas and Keeper to find each other again.
_FAILING_SECONDS = 20.0


class Work(NamedTuple):
    """What a server still has to do.

    Attributes:
        waiting: mutations that aren't done.
        parts: those that it still has to rewrite.
        failure: why it couldn't rewrite one; empty if it could.
    """

    waiting: int
    parts: int = 0
    failure: str = ""


class StallDetector:
    """Ends a wait in which nothing has changed for long.

    Args:
        place: of the server, for errors.
        clock: monotonic seconds.
    """

    def __init__(self, place: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._clock = clock
        self._last: Work | None = None
        self._since = clock()

    def look_at(self, work: Work) -> None:
        """Take note of what is left to do.

        Raises:
            ClickHouseRefused: the server has failed, again and again.
            ClickHouseUnavailable: it gets no further, and doesn't say why.
        """
        now = self._clock()
        if work != self._last:
            self._last, self._since = work, now
        waited_seconds = now - self._since
        if work.failure and waited_seconds > _FAILING_SECONDS:
            raise ClickHouseRefused(f"ClickHouse at {self._place} can't delete: {work.failure}")
        if waited_seconds > _STALLED_SECONDS:
            raise ClickHouseUnavailable(
                f"ClickHouse at {self._place} was told to delete, and has got no further for"
                f" {waited_seconds:.0f} s ({work.parts} parts are left): it goes on by itself; look"
                " at its system.mutations and system.replication_queue, and run this again"
            )
