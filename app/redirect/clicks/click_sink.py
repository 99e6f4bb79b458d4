"""Sink that gets every click to Redis, else to disk, else keeps it in memory until one takes it.

The order stands here and nowhere else: the recorder hands to the spool what Redis doesn't take in
time, the spool to the memory what the disk doesn't take, and the memory tries the recorder again.
"""

from time import monotonic

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.click_route import ClickRoute, Room
from app.redirect.clicks.memory_buffer import MemoryBuffer
from app.redirect.clicks.recorder import Recorder
from app.redirect.spool.file import SpoolFile
from app.redirect.spool.retransmit_buffer import ConfirmedClicks
from app.redirect.spool.rows import Row
from app.redirect.spool.spool import Spool

_LEAST_STOP_SECONDS = 0.5


class ClickSink:
    """Redis, disk and memory, and a click's way from one to the next.

    Attributes:
        recorder: takes clicks.
        spool: where they wait for Redis.
    """

    def __init__(
        self,
        pipeline: ClickRoute,
        file: SpoolFile,
        retransmit_buffer: ConfirmedClicks,
        backpressure: Room,
        metrics: RedirectMetrics,
        *,
        budget_seconds: float,
    ) -> None:
        """Make a sink; its arguments are the recorder's, and the spool's file."""
        self.spool = Spool(file, metrics, self._keep)
        self.recorder = Recorder(
            pipeline,
            self.spool,
            retransmit_buffer,
            backpressure,
            metrics,
            budget_seconds=budget_seconds,
        )
        self._memory = MemoryBuffer(self.recorder.record, metrics)

    def start(self) -> None:
        """Begin to try again what only memory takes; returns at once."""
        self._memory.start()

    def close(self, timeout_seconds: float) -> None:
        """Bring to disk what is not in Redis, or may be lost there; blocks the calling greenlet."""
        self.spool.append_all(self._memory.close())
        until = monotonic() + timeout_seconds
        self.recorder.close(timeout_seconds)
        self.spool.close(max(until - monotonic(), _LEAST_STOP_SECONDS))

    def _keep(self, rows: list[Row], error: BaseException) -> int:
        return self._memory.keep(rows, error)
