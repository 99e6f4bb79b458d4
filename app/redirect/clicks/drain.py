"""Drain that sends the spool's clicks to Redis once it is back; one worker of a host at a time."""

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.threadpool import ThreadPool

from app.audit.spool_note import SpoolNote
from app.clicks.click import new_click_id
from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.processes.file_lock import locked
from app.redirect.clicks.click_route import ClickRoute, Room
from app.redirect.clicks.click_sender import ClickSender, batch_size
from app.redirect.spool.file import Filling, SpoolError, SpoolFile
from app.redirect.spool.rows import Row
from app.redirect.tasks.background_task import BackgroundTask
from app.redirect.visits.xadd_encoder import XaddEncoder

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.5
#: A click this young may still be on its way to Redis, whose late confirmation saves sending it.
_SETTLE_MS = 1_000
_LAST_ID = b"\xff" * 16


class Drain:
    """Takes clicks from the spool in order, and deletes them once Redis has confirmed them.

    A crash between the two sends some twice, with the same click id.
    """

    def __init__(
        self,
        file: SpoolFile,
        pipeline: ClickRoute,
        encoder: XaddEncoder,
        backpressure: Room,
        metrics: RedirectMetrics,
        note: SpoolNote,
        *,
        clicks_per_second: int,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make a drain that has not begun.

        Args:
            file: of its own, not shared with the appends; beside it lies the lock that keeps other
                workers from draining.
            backpressure: nothing is sent while it is full.
            note: is told how many clicks wait.
        """
        self._file = file
        self._lock_path = file.directory / "drain.lock"
        self._pipeline = pipeline
        self._encoder = encoder
        self._metrics = metrics
        self._note = note
        self._sender = ClickSender(pipeline, backpressure)
        self._batch_size = batch_size(clicks_per_second)
        self._batch_seconds = self._batch_size / clicks_per_second
        self._wall_clock = wall_clock
        self._synced_at = 0.0
        self._thread = ThreadPool(1)
        self._throttled = ThrottledLog(logger)
        self._task = BackgroundTask("drain", self._look_after, metrics.chore_failures)

    def start(self) -> None:
        """Begin to look after the spool, every half second; returns at once."""
        self._task.start()

    def close(self) -> None:
        """Stop; what was sent and not yet deleted is sent once more by the next drain."""
        self._task.close()
        self._thread.kill()
        self._file.close()

    def _look_after(self) -> None:
        gevent.sleep(_PAUSE_SECONDS)
        try:
            waiting = self._show_filling()
            with locked(self._lock_path, waits=False) as mine:
                if mine:
                    self._sync()
                    self._in_thread(self._note.write, waiting)
                    self._drain_all()
        except (SpoolError, OSError) as error:
            self._throttled.warning("spool", "The spool can't be drained: %s", error)

    def _sync(self) -> None:
        """Bring onto the disk what any worker of the host has put into the spool."""
        self._in_thread(self._file.sync)
        self._synced_at = time.monotonic()

    def _drain_all(self) -> None:
        for after, before in self._settled_spans():
            self._drain_span(after, before)

    def _drain_span(self, after: bytes, before: bytes) -> None:
        while self._sender.may_send():
            rows = self._in_thread(self._file.oldest, self._batch_size, after, before)
            if not rows:
                return
            server_number = self._pipeline.server_number
            confirmed, may_go_on = self._send(rows)
            if confirmed and server_number == self._pipeline.server_number:
                self._in_thread(self._file.delete, confirmed)
                self._metrics.clicks_drained.inc(len(confirmed))
                if server_number != self._pipeline.server_number:
                    # Sent again meanwhile, they may have been put beside the rows now deleted.
                    self._in_thread(self._file.write, rows)
            if not may_go_on:
                return
            if time.monotonic() - self._synced_at >= _PAUSE_SECONDS:
                self._sync()
            after = rows[-1][0]
            gevent.sleep(self._batch_seconds)

    def _send(self, rows: list[Row]) -> tuple[list[bytes], bool]:
        """Send clicks; return the ids that Redis confirmed, and whether it will take more."""
        sent = self._sender.send(self._in_thread(self._readdress, rows))
        for error in sent.errors:
            self._throttled.warning("refused", "A spooled click was not taken: %s", error)
        return sent.confirmed, sent.may_go_on

    def _readdress(self, rows: list[Row]) -> dict[bytes, bytes]:
        """Make commands of clicks, in the drain's thread: some hundred at once take a while."""
        commands = {}
        for click_id, command in rows:
            try:
                commands[click_id] = self._encoder.readdress(command)
            except ValueError as error:
                self._file.set_aside([click_id], f"{click_id.hex()}: {error}")
        return commands

    def _show_filling(self) -> int:
        filling: Filling = self._in_thread(self._file.filling)
        now_ms = self._wall_clock() * 1000
        oldest_ms = now_ms if filling.oldest_ms is None else filling.oldest_ms
        self._metrics.spool_clicks.set(filling.clicks)
        self._metrics.spool_bytes.set(filling.size_bytes)
        self._metrics.spool_oldest_seconds.set(max(now_ms - oldest_ms, 0) / 1000)
        return filling.clicks

    def _settled_spans(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """Return between which ids clicks are surely not on their way any more.

        Ids of the future are from before the clock was set back; to wait until it has come there
        again could take hours.
        """
        now_ms = int(self._wall_clock() * 1000)
        young, future = (new_click_id(now_ms + ms, bytes(10)) for ms in (-_SETTLE_MS, _SETTLE_MS))
        return (b"", young), (future, _LAST_ID)

    def _in_thread(self, step: Callable[..., Any], *arguments: object) -> Any:
        outcome = self._thread.apply(_outcome, (step, *arguments))
        if isinstance(outcome, SpoolError):
            raise outcome
        return outcome


def _outcome(step: Callable[..., Any], *arguments: object) -> Any:
    # Returned, because gevent prints the traceback of what a thread of its pool raises.
    try:
        return step(*arguments)
    except SpoolError as error:
        return error
