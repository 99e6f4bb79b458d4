"""Watches how much of the stream is unprocessed, so that its bound never eats such a click."""

import logging
import time
from collections.abc import Callable
from importlib import resources

import gevent
import hiredis

from app.keys import backlog_marks_key
from app.redirect.chore import Chore
from app.redirect.pipeline import Pipeline, PipelineError
from app.redirect.quiet_log import QuietLog
from app.redirect.resp import encode_command
from app.redirect.watermarks import Watermarks
from app.redirect_metrics import RedirectMetrics

logger = logging.getLogger(__name__)

#: Marks over the whole stream; the backlog is counted too large by one distance at most.
_MARKS = 256
#: A server that stays a replica still serves lookups: it is not left more often than this.
_LEAVE_SECONDS = 5.0


class Backlog:
    """One worker's view of the stream's backlog, looked at once a second, more often when it grows.

    All workers see the same numbers and so decide alike. While Redis is away, or does not let us
    look, the last decision stands.

    A look also finds out whether the server was made a replica or promoted under an open
    connection. Then a new one is made, to where the server is now; if it is another, or one that
    was promoted, it is sent the last clicks again.

    Attributes:
        is_full: whether new clicks have to go to the spool and stay there.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        metrics: RedirectMetrics,
        *,
        stream: str,
        group: str,
        maxlen: int,
        timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a watch that has not begun.

        Args:
            maxlen: entries that the stream may hold.
            timeout_seconds: longest wait for one answer.
        """
        self.is_full = False
        self._pipeline = pipeline
        self._metrics = metrics
        self._maxlen = maxlen
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._watermarks = Watermarks.of(maxlen)
        self._command = _command(stream, group, max(maxlen // _MARKS, 1))
        self._quiet_log = QuietLog(logger)
        self._replication_id = b""
        self._leave_at = 0.0
        self._seen = 0
        self._seen_at: float | None = None
        self._chore = Chore("backlog", self._watch, metrics.chore_failures)

    def start(self) -> None:
        """Look once, unless Redis is away, and go on looking; blocks for the first look only."""
        if self._pipeline.connected.is_set():
            self._look()
        self._chore.start()

    def close(self) -> None:
        """Look no more."""
        self._chore.close()

    def note(self, backlog: int) -> None:
        """Decide anew by a backlog that was just counted, in entries."""
        now = self._clock()
        elapsed = now - self._seen_at if self._seen_at is not None else 0.0
        growth = (backlog - self._seen) / elapsed if elapsed > 0 else 0.0
        self._seen, self._seen_at = backlog, now
        was_full = self.is_full
        self.is_full = self._watermarks.diverts(backlog, growth, is_diverting=was_full)
        self._metrics.backlog.set(backlog)
        self._metrics.backlog_full.set(self.is_full)
        if self.is_full != was_full:
            self._say(backlog)

    def _watch(self) -> None:
        gevent.sleep(self._watermarks.next_look_seconds(self._seen, is_diverting=self.is_full))
        # At once after an outage, in which others may have added much.
        self._pipeline.connected.wait()
        self._look()

    def _look(self) -> None:
        try:
            backlog, replication_id = self._pipeline.call(self._command, self._timeout_seconds)
        except (PipelineError, hiredis.ReplyError) as error:
            self._quiet_log.warning("look", "The stream's backlog can't be counted: %s", error)
            if str(error).startswith("READONLY"):
                self._leave_replica()
        else:
            self.note(backlog)
            self._compare(replication_id)

    def _leave_replica(self) -> None:
        now = self._clock()
        if now >= self._leave_at:
            self._leave_at = now + _LEAVE_SECONDS
            self._pipeline.reconnect("the server is a replica now")

    def _compare(self, replication_id: bytes) -> None:
        known, self._replication_id = self._replication_id, replication_id
        if known and replication_id != known:
            self._pipeline.reconnect("the server's replication id changed")

    def _say(self, backlog: int) -> None:
        if self.is_full:
            logger.warning(
                "%d of the %d clicks that the stream may hold are unprocessed: new clicks go to the"
                " spool until the workers have caught up",
                backlog,
                self._maxlen,
            )
        else:
            logger.warning("The workers have caught up: clicks go to Redis again")


def _command(stream: str, group: str, distance: int) -> bytes:
    script = resources.files("app.redirect").joinpath("backlog.lua").read_bytes()
    keys = (stream.encode(), backlog_marks_key(stream, group).encode())
    return encode_command(b"EVAL", script, b"2", *keys, group.encode(), b"%d" % distance)
