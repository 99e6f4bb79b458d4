"""Queue that hands what Redis may have lost to the spool, from where it is sent again.

Rule 1: a segment at a time, and the next once the disk has taken it: however many clicks there are,
        visitors wait for none of them.
Rule 2: what the disk does not take stays in memory and is tried again; a worker that ends says what
        it could not hand over. Redis confirmed those, so they are lost only if Redis lost them.
"""

import logging
from collections import deque
from typing import Any

import gevent
from gevent.event import Event

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.spool.retransmit_buffer import Segment
from app.redirect.spool.spool import Spool

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.25
#: Between two segments: the thread that writes them and the event loop share the interpreter.
_BREATH_SECONDS = 0.005
#: As much as the buffer holds; a second lost tail before the first is on disk may come on top.
_LIMIT_BYTES = 64 << 20


class Retransmission:
    """Keeps segments of confirmed clicks until the spool has them."""

    def __init__(
        self, spool: Spool, metrics: RedirectMetrics, limit_bytes: int = _LIMIT_BYTES
    ) -> None:
        self._spool = spool
        self._resent = metrics.clicks_resent
        self._unguarded = metrics.clicks_unguarded
        self._limit_bytes = limit_bytes
        self._segments: deque[Segment] = deque()
        self._held_bytes = 0
        self._is_closing = False
        self._timer: Any = None
        self._idle = Event()
        self._idle.set()
        self._throttled = ThrottledLog(logger)

    def __len__(self) -> int:
        """Return how many clicks have yet to be handed over."""
        return sum(each.count() for each in self._segments)

    def add(self, segments: list[Segment]) -> None:
        """Hand these over as well; returns at once."""
        self._segments.extend(segments)
        self._held_bytes += sum(each.size_bytes for each in segments)
        while self._held_bytes > self._limit_bytes and len(self._segments) > 1:
            # Not the first: it may be on its way to the disk.
            self._let_go(self._segments[1])
            del self._segments[1]
        if self._segments and self._idle.is_set():
            self._idle.clear()
            self._put_next()

    def close(self, timeout_seconds: float) -> None:
        """Wait until all is handed over or the disk refuses; blocks the calling greenlet."""
        self._is_closing = True
        if self._timer is not None and self._timer.active:
            self._timer.stop()
            self._put_next()
        self._idle.wait(timeout_seconds)
        left = len(self)
        if left:
            self._unguarded.inc(left)
            logger.error(
                "%d clicks that Redis confirmed last could not be put into the spool: they are lost"
                " if Redis has lost them",
                left,
            )

    def _put_next(self) -> None:
        self._spool.put_again(self._segments[0], self._on_put)

    def _on_put(self, error: BaseException | None) -> None:
        if error is not None:
            self._wait_for_room(error)
            return
        done = self._segments.popleft()
        self._held_bytes -= done.size_bytes
        self._resent.inc(done.count())
        if not self._segments:
            self._idle.set()
        elif self._is_closing:
            self._put_next()
        else:
            self._put_after(_BREATH_SECONDS)

    def _put_after(self, seconds: float) -> None:
        loop: Any = gevent.get_hub().loop
        self._timer = loop.timer(seconds)
        self._timer.start(self._put_next)

    def _wait_for_room(self, error: BaseException) -> None:
        self._throttled.warning(
            "waiting",
            "Clicks to send again wait in memory, at most %d: %s",
            sum(each.command_count for each in self._segments),
            error,
        )
        if self._is_closing:
            self._idle.set()
            return
        self._put_after(_PAUSE_SECONDS)

    def _let_go(self, clicks: Segment) -> None:
        self._held_bytes -= clicks.size_bytes
        self._unguarded.inc(clicks.count())
        self._throttled.warning(
            "short", "Clicks that should be sent again are let go: the disk takes none"
        )
