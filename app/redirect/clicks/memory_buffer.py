"""Overflow buffer that keeps in memory the clicks which neither Redis nor the disk has taken.

A disk that is full for some minutes, while Redis is slow or away, costs no click this way; only a
killed process takes them with it. When memory is full as well, the oldest stay.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile

import gevent

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.spool.rows import Row
from app.redirect.tasks.background_task import BackgroundTask

logger = logging.getLogger(__name__)

#: Whichever is met first; a browser's clicks come to some 600 bytes each.
_LIMIT = 50_000
_LIMIT_BYTES = 32 << 20
_PAUSE_SECONDS = 0.05
#: Tried again after each pause: as fast as one worker's drain is by default.
_AT_ONCE = 250

Record = Callable[[bytes, Callable[[], None]], None]


class MemoryBuffer:
    """Keeps clicks and has them recorded again, until Redis or the disk takes them.

    Args:
        record: as :meth:`app.redirect.clicks.recorder.Recorder.record`; what fails comes back to
            :meth:`keep`.
    """

    def __init__(
        self,
        record: Record,
        metrics: RedirectMetrics,
        limit: int = _LIMIT,
        limit_bytes: int = _LIMIT_BYTES,
    ) -> None:
        self._record = record
        self._held = metrics.clicks_held
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._rows: deque[Row] = deque()
        self._throttled = ThrottledLog(logger)
        self._task = BackgroundTask("holdover", self._try_again, metrics.chore_failures)

    def __len__(self) -> int:
        return len(self._rows)

    def start(self) -> None:
        """Begin to try again what is kept; returns at once."""
        self._task.start()

    def keep(self, rows: Sequence[Row], fault: object) -> int:
        """Keep clicks that were not taken; return how many there was room for, from the first on.

        Args:
            fault: why they were not taken, for the log.
        """
        kept = sum(1 for _ in takewhile(self._take, rows))
        self._held.set(len(self._rows))
        if kept:
            self._throttled.warning(
                "held", "%d click(s) wait in memory, and would die with it: %s", len(self), fault
            )
        return kept

    def close(self) -> list[Row]:
        """Stop; return what is left, and keep nothing more."""
        self._task.close()
        self._limit = 0
        left = list(self._rows)
        self._rows.clear()
        self._held_bytes = 0
        self._held.set(0)
        return left

    def _take(self, row: Row) -> bool:
        has_room = len(self._rows) < self._limit and self._held_bytes < self._limit_bytes
        if has_room:
            self._put_back(row)
        return has_room

    def _put_back(self, row: Row) -> None:
        self._rows.append(row)
        self._held_bytes += len(row[1])

    def _try_again(self) -> None:
        gevent.sleep(_PAUSE_SECONDS)
        try:
            # Those that fail come back, behind all others.
            for _ in range(min(len(self._rows), _AT_ONCE)):
                self._record_first()
        finally:
            self._held.set(len(self._rows))

    def _record_first(self) -> None:
        row = self._rows.popleft()
        self._held_bytes -= len(row[1])
        try:
            self._record(row[1], _nobody)
        except Exception:
            self._put_back(row)
            raise


def _nobody() -> None:
    """Nobody waits for this click any more."""
