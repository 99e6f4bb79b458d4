"""Recorder that puts clicks into Redis within a budget, else into the spool; visitors go on.

Rule 1: every click ends confirmed, spooled or refused, each counted once where it happens.
Rule 2: no click is sent to a Redis that already lets an older command wait longer than the budget.
        The oldest unanswered command is the circuit breaker: its reply is the probe that closes it.
Rule 3: a click that missed its budget is on its way to Redis and in the spool. Whichever is told
        last, the late confirmation takes it out of the spool, or the drain sends it once more with
        the same click id.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
import hiredis
from gevent.hub import Waiter

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.click_route import ClickRoute, Room
from app.redirect.redis.replica_wait import NoReplica
from app.redirect.redis.replies import PipelineBroken, PipelineError, PipelineFull
from app.redirect.spool.retransmission import Retransmission
from app.redirect.spool.retransmit_buffer import ConfirmedClicks, Segment
from app.redirect.spool.spool import Spool
from app.redirect.tasks.deadlines import Deadlines
from app.redirect.visits.xadd_encoder import click_id_of
from app.stores.redis.errors import may_have_lost

logger = logging.getLogger(__name__)

Done = Callable[[], None]


class Recorder:
    """Takes each click exactly once, as the bytes of its XADD."""

    def __init__(
        self,
        pipeline: ClickRoute,
        spool: Spool,
        retransmit_buffer: ConfirmedClicks,
        backpressure: Room,
        metrics: RedirectMetrics,
        *,
        budget_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a recorder.

        Args:
            pipeline: takes clicks, and tells the retransmit buffer of those that were confirmed.
            spool: takes those that Redis does not take in time.
            retransmit_buffer: keeps what Redis may yet lose.
            backpressure: tells whether there is room in Redis.
            metrics: counts what becomes of each click.
            budget_seconds: longest time that a visitor waits for Redis.
            clock: monotonic seconds.
        """
        self._pipeline = pipeline
        self._spool = spool
        self._retransmit_buffer = retransmit_buffer
        self._retransmission = Retransmission(spool, metrics)
        self._backpressure = backpressure
        self._budget_seconds = budget_seconds
        loop: Any = gevent.get_hub().loop
        self._deadlines = Deadlines(loop, budget_seconds, clock)
        self._confirmed = metrics.clicks.labels("confirmed")
        self._diverted = metrics.clicks_diverted
        self._late = metrics.clicks_confirmed_late
        self._doubted_count = -1
        self._throttled = ThrottledLog(logger, clock=clock)

    def record(self, command: bytes, done: Done) -> None:
        """Record a click; ``done`` is called once, at once or when the visitor may go on.

        Args:
            command: the XADD that :class:`~app.redirect.visits.xadd_encoder.XaddEncoder` made.
        """
        pending = PendingClick(self, command, done)
        if self._backpressure.is_full:
            self.divert(pending, self._backpressure.reason)
            return
        if self._pipeline.oldest_age() > self._budget_seconds:
            self.divert(pending, "redis_slow")
            return
        try:
            self._pipeline.submit_click(command, pending.on_reply)
        except PipelineError as error:
            self.divert(pending, _reason(error))
            return
        self._deadlines.add(pending)

    def record_and_wait(self, command: bytes) -> None:
        """Record a click; blocks the calling greenlet until the visitor may go on."""
        waiter: Waiter[None] = Waiter()
        self.record(command, lambda: waiter.switch(None))
        waiter.get()

    def retransmit(self) -> None:
        """Put what Redis confirmed last into the spool, because it may be lost."""
        self.resend(self._retransmit_buffer.take(self._pipeline.heard_at))

    def resend(self, segments: list[Segment]) -> None:
        """Put clicks into the spool that Redis confirmed and may have lost."""
        if segments:
            most = sum(each.command_count for each in segments)
            logger.warning("Sending the last confirmed clicks again: at most %d", most)
            self._retransmission.add(segments)

    def close(self, timeout_seconds: float) -> None:
        """Put what Redis confirmed last into the spool; blocks the calling greenlet.

        Whether Redis loses its last second from now on, or has lost it while it is away, nobody
        else will know of these clicks.
        """
        self._retransmission.add(self._retransmit_buffer.take(self._pipeline.heard_at))
        self._retransmission.close(timeout_seconds)

    def confirm(self, pending: "PendingClick") -> None:
        """Note that Redis has a click."""
        if pending.settled:
            self._late.inc()
            self._doubted_count = -1
            self._spool.forget(click_id_of(pending.command))
            return
        self._confirmed.count += 1
        pending.settled = True
        pending.done()

    def doubt(self) -> None:
        """Have what was confirmed last sent again, once until more is confirmed."""
        if self._confirmed.count != self._doubted_count:
            self._doubted_count = self._confirmed.count
            self.retransmit()

    def divert(self, pending: "PendingClick", reason: str) -> None:
        """Give a click to the spool, for one of few reasons, and count that."""
        self._diverted.labels(reason).inc()
        self._throttled.warning(reason, "Click diverted to the spool: %s", reason)
        pending.settled = True
        self._spool.append(click_id_of(pending.command), pending.command, pending.done)


class PendingClick:
    """A click on its way to Redis, and what goes on once its visitor may.

    Attributes:
        settled: whether the visitor may go on.
    """

    __slots__ = ("_recorder", "command", "done", "settled")

    def __init__(self, recorder: Recorder, command: bytes, done: Done) -> None:
        self._recorder = recorder
        self.command = command
        self.done = done
        self.settled = False

    def on_reply(self, reply: object) -> None:
        """Take what the pipeline calls back with."""
        if isinstance(reply, bytes):
            self._recorder.confirm(self)
            return
        if isinstance(reply, hiredis.ReplyError) and may_have_lost(str(reply)):
            self._recorder.doubt()
        if not self.settled:
            self._recorder.divert(self, _reason(reply))

    def expire(self) -> None:
        """Wait for Redis no longer."""
        self._recorder.divert(self, "over_budget")


def _reason(reply: object) -> str:
    """Return one of few names for what stood in the way."""
    if isinstance(reply, PipelineFull):
        return "pipeline_full"
    if isinstance(reply, PipelineBroken):
        return "redis_away"
    if isinstance(reply, NoReplica):
        return "no_replica"
    if isinstance(reply, hiredis.ReplyError):
        return "redis_refused"
    return "unexpected_reply"
