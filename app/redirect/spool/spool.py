"""Spool that takes clicks from the event loop and has a thread commit them, many at a time.

While one commit runs, the next clicks gather; so many clicks share one transaction.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gevent
from gevent.event import AsyncResult, Event
from gevent.threadpool import ThreadPool

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.repair import Damage
from app.redirect.spool.retransmit_buffer import Segment
from app.redirect.spool.rows import Row
from app.redirect.tasks.deadlines import Deadlines

logger = logging.getLogger(__name__)

#: Told of the error when clicks were to be put on disk, or None.
OnPut = Callable[[BaseException | None], None]

#: How long a visitor waits for the disk; the append goes on without them.
_BUDGET_SECONDS = 0.020
#: Clicks that may gather while the disk is stuck, whichever is met first.
_GATHERED_LIMIT = 50_000
_GATHERED_BYTES = 32 << 20

#: Clicks of one transaction.
_AT_ONCE = 2_000

Keep = Callable[[list[Row], BaseException], int]


class Spool:
    """Where clicks wait until Redis is back.

    Attributes:
        fault: why the last write failed; empty after one that worked.
    """

    def __init__(self, file: SpoolFile, metrics: RedirectMetrics, keep: Keep) -> None:
        """Make a spool over a file that nobody else uses.

        Args:
            keep: called with clicks that the disk did not take and the error; returns how many of
                them, from the first on, are kept elsewhere.
        """
        self.fault = ""
        self._keep = keep
        self._file = file
        self._thread = ThreadPool(1)
        self._metrics = metrics
        self._throttled = ThrottledLog(logger)
        loop: Any = gevent.get_hub().loop
        self._deadlines = Deadlines(loop, _BUDGET_SECONDS)
        self._gathered: list[_Append] = []
        self._gathered_bytes = 0
        self._forgotten: list[bytes] = []
        self._again: tuple[Segment, OnPut] | None = None
        self._was_again = False
        self._idle = Event()
        self._idle.set()

    def append(self, click_id: bytes, command: bytes, done: Callable[[], None]) -> None:
        """Put a click on disk; ``done`` is called once, when it is there or after the budget."""
        if len(self._gathered) >= _GATHERED_LIMIT or self._gathered_bytes >= _GATHERED_BYTES:
            self._refuse(1, "gathered", "the disk does not keep up")
            done()
            return
        append = _Append((click_id, command), done, self._metrics)
        self._gathered.append(append)
        self._gathered_bytes += len(command)
        self._deadlines.add(append)
        self._commit_soon()

    def append_all(self, rows: Sequence[Row]) -> None:
        """Put many clicks on disk, with nobody waiting for them."""
        self._gathered += [_Append(row, _nobody, self._metrics) for row in rows]
        self._gathered_bytes += sum(len(command) for _, command in rows)
        self._commit_soon()

    def put_again(self, clicks: Segment, on_put: OnPut) -> None:
        """Put clicks on disk that Redis confirmed; ``on_put`` is told of the error, or None.

        One call at a time: the next once ``on_put`` was called.
        """
        self._again = clicks, on_put
        self._commit_soon()

    def forget(self, click_id: bytes) -> None:
        """Take a click off the disk because Redis confirmed it after all."""
        self._forgotten.append(click_id)
        self._commit_soon()

    def close(self, timeout_seconds: float) -> None:
        """Wait until what was appended is on disk; blocks the calling greenlet."""
        if not self._idle.wait(timeout_seconds):
            self._refuse(len(self._gathered), "stopped", "the disk was too slow for a clean stop")
        self._thread.kill()
        self._file.close()

    def _commit_soon(self) -> None:
        if self._idle.is_set():
            self._idle.clear()
            gevent.get_hub().loop.run_callback(self._commit)

    def _commit(self) -> None:
        forgotten, self._forgotten = self._forgotten, []
        tell: OnPut
        if self._again is not None and not (self._was_again and self._gathered):
            self._was_again = True
            (clicks, tell), self._again = self._again, None
            committed = self._thread.spawn(_write_again, self._file, clicks, forgotten)
        else:
            self._was_again = False
            appends = self._take_gathered()
            tell = partial(self._settle, appends)
            rows = [append.row for append in appends]
            committed = self._thread.spawn(_write, self._file, rows, forgotten)
        committed.rawlink(partial(self._committed, tell))

    def _take_gathered(self) -> "list[_Append]":
        appends = self._gathered[:_AT_ONCE]
        del self._gathered[:_AT_ONCE]
        self._gathered_bytes -= sum(len(append.row[1]) for append in appends)
        return appends

    def _committed(self, tell: OnPut, result: "AsyncResult[SpoolError | None]") -> None:
        error = result.value if result.successful() else result.exception
        self.fault = str(error) if error else ""
        try:
            tell(error)
        finally:
            if self._gathered or self._forgotten or self._again:
                self._commit()
            else:
                self._idle.set()

    def _settle(self, appends: "list[_Append]", error: BaseException | None) -> None:
        if error is not None and appends:
            self._fail(appends, error)
        elif appends:
            self._metrics.clicks.labels("spooled").inc(len(appends))
        for append in appends:
            append.settle()

    def _fail(self, appends: "list[_Append]", error: BaseException) -> None:
        kept = self._keep([append.row for append in appends], error)
        if kept < len(appends):
            self._refuse(len(appends) - kept, getattr(error, "reason", "crashed"), error)

    def _refuse(self, count: int, reason: str, detail: object) -> None:
        self._metrics.clicks.labels("refused").inc(count)
        self._metrics.spool_refusals.labels(reason).inc(count)
        self._throttled.warning(reason, "%d click(s) LOST, spool %s: %s", count, reason, detail)


class _Append:
    """A click on its way to the disk, and the visitor who waits for it."""

    __slots__ = ("_done", "_metrics", "row", "settled")

    def __init__(self, row: Row, done: Callable[[], None], metrics: RedirectMetrics) -> None:
        self.row = row
        self.settled = False
        self._done = done
        self._metrics = metrics

    def settle(self) -> None:
        if not self.settled:
            self.settled = True
            self._done()

    def expire(self) -> None:
        self._metrics.spool_waits_cut.inc()
        self.settle()


def damage_counter(metrics: RedirectMetrics) -> Callable[[Damage], None]:
    """Return what a :class:`SpoolFile` tells of damage: it is counted and written to the log."""

    def count(damage: Damage) -> None:
        metrics.spool_damaged.labels(damage.kind).inc(damage.number)
        logger.error("The spool was damaged: %d %s: %s", damage.number, damage.kind, damage.text)

    return count


def _write(file: SpoolFile, rows: list[Row], forgotten: list[bytes]) -> SpoolError | None:
    # Returned, because gevent prints the traceback of what a thread of its pool raises.
    try:
        file.write(rows, forgotten)
    except SpoolError as error:
        return error
    return None


def _write_again(file: SpoolFile, clicks: Segment, forgotten: list[bytes]) -> SpoolError | None:
    """Put clicks on disk after what had to be forgotten before: one of them may be among these."""
    if forgotten:
        _write(file, [], forgotten)
    return _write(file, clicks.rows(), [])


def _nobody() -> None:
    """Nobody waits for this click."""
