"""Consumer that takes clicks from the stream to ClickHouse: the loop of one process."""

import logging
from collections.abc import Callable

from app.logs.throttle import ThrottledLog
from app.metrics.workers import WorkerMetrics
from app.stores.redis.agreement import ServerLeft
from app.stores.redis.errors import RedisUnavailable
from workers.consumer.batcher import Batcher
from workers.consumer.maintenance import Maintenance
from workers.consumer.sink import FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS, Sink
from workers.consumer.source import Source
from workers.process.backoff import Backoff
from workers.process.heartbeat import Pulse
from workers.process.signals import Stop
from workers.stream.lease import Fence

logger = logging.getLogger(__name__)

#: Longest wait for a Redis that is away: another may stand in for it at any moment.
_MOST_AWAY_SECONDS = 2.0


class Consumer:
    """Reads entries, enriches them, inserts them in batches, and only then acks them.

    While an insert fails nothing more is read: the entries wait in the stream, which is bounded.
    """

    def __init__(
        self,
        fence: Fence,
        source: Source,
        batcher: Batcher,
        sink: Sink,
        maintenance: Maintenance,
        metrics: WorkerMetrics,
        pulse: Pulse,
        stop: Stop,
    ) -> None:
        self._fence = fence
        self._source = source
        self._batcher = batcher
        self._sink = sink
        self._maintenance = maintenance
        self._metrics = metrics
        self._pulse = pulse
        self._stop = stop
        self._backoff = Backoff(FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS)
        self._has_left = False
        self._throttled = ThrottledLog(logger)

    def run(self) -> None:
        """Work until told to stop, then finish what was read.

        Raises:
            Fenced: this consumer was taken for dead, and what it had read is another's.
            RedisRefused: nothing will work until someone mends it.
        """
        try:
            while not self._stop.is_asked():
                self._surviving(self._turn)
            self._drain()
        finally:
            self._sink.close()

    def _turn(self) -> None:
        self._pulse.beat()
        self._fence.keep()
        if self._sink.is_inserting and self._batcher.has_room and self._source.poll_backlog():
            return
        if not self._sink and (self._batcher.is_due or self._batcher.is_stopped):
            self._batcher.flush()
        # First, so that what is at hand is stored even while Redis takes nothing.
        if self._sink:
            self._sink.poll()
        elif self._batcher.is_stopped:
            self._stop.wait(self._fence.renewal_seconds)
        else:
            self._source.poll(self._batcher.seconds_left())
        self._maintenance.sweep_if_due()

    def _drain(self) -> None:
        while not self._stop.is_overdue():
            if self._surviving(self._settle) or not self._at_hand():
                break
        if self._at_hand():
            logger.warning("left %d clicks pending, to be claimed later", self._at_hand())

    def _settle(self) -> None:
        """Insert and ack all that is ours, then leave the group."""
        self._fence.keep()
        self._finish()
        # The read that was given up may have been answered.
        self._source.start_over()
        while not self._must_leave() and self._source.poll_own():
            self._finish()
        self._source.leave()

    def _must_leave(self) -> bool:
        return self._stop.is_overdue() or self._batcher.is_stopped

    def _finish(self) -> None:
        """Bring what is at hand to its end, however long it takes, unless a stop is overdue."""
        self._batcher.flush()
        while self._sink and not self._stop.is_overdue():
            self._pulse.beat()
            self._sink.poll()

    def _surviving(self, step: Callable[[], None]) -> bool:
        """Take a step; return whether Redis answered. If not, wait a little."""
        try:
            step()
        except RedisUnavailable as error:
            seconds = self._wait_seconds(error)
            self._throttled.warning(str(error), "%s; going on in %.1f s", error, seconds)
            self._metrics.redis_failures.inc()
            self._source.start_over()
            self._stop.wait(seconds)
            return False
        self._backoff.reset()
        self._has_left = False
        return True

    def _wait_seconds(self, error: RedisUnavailable) -> float:
        """Return how long to wait; what grew in an outage ends with it.

        An address that leads to one server and another by turns gets no second such chance.
        """
        has_left = isinstance(error, ServerLeft)
        if has_left and not self._has_left:
            self._backoff.reset()
        self._has_left = has_left
        seconds = self._backoff.next_seconds()
        return seconds if has_left else min(seconds, _MOST_AWAY_SECONDS)

    def _at_hand(self) -> int:
        return len(self._batcher) + len(self._sink)
