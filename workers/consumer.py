import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from app.click import InvalidClick, from_fields
from app.clickhouse import ClickHouseError, ClickHouseRefused
from app.dead_letter import Fault
from app.metrics import WorkerMetrics
from app.redis import RedisUnavailable
from workers.backoff import Backoff
from workers.batch import Batch
from workers.enrich.enricher import Enricher
from workers.entry import Entry
from workers.intake import Intake
from workers.janitor import Janitor
from workers.signals import Stop
from workers.stream import Stream
from workers.writer import Writer

logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 0.2
MOST_WAIT_SECONDS = 10.0


class BatchSize(NamedTuple):
    """When a batch is inserted, whichever comes first.

    Attributes:
        rows: number of rows.
        seconds: age of the oldest of them.
    """

    rows: int
    seconds: float


class Consumer:
    """Reads entries, enriches them, inserts them in batches, and only then acks them.

    While an insert fails nothing more is read: the entries wait in the stream, which is bounded.
    """

    def __init__(
        self,
        stream: Stream,
        intake: Intake,
        enricher: Enricher,
        writer: Writer,
        size: BatchSize,
        metrics: WorkerMetrics,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._intake = intake
        self._enricher = enricher
        self._writer = writer
        self._size = size
        self._metrics = metrics
        self._stop = stop
        self._clock = clock
        self._janitor = Janitor(stream, clock)
        self._batch = Batch(*size)
        self._inserted: list[bytes] = []
        self._redis_backoff = Backoff(FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS)
        self._insert_backoff = Backoff(FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS)

    def run(self) -> None:
        """Work until told to stop, then finish what was read.

        Raises:
            RedisRefused: nothing will work until someone mends it.
        """
        while not self._stop.is_asked():
            self._surviving(self._turn)
        while not self._stop.is_overdue():
            if self._surviving(self._settle) or not (self._batch or self._inserted):
                break
        self._writer.close()
        if self._batch:
            logger.warning("left %d clicks pending, to be claimed later", len(self._batch))

    def _turn(self) -> None:
        # First, so that what is at hand is stored even while Redis takes nothing.
        if self._batch.is_full or self._batch.is_due(self._clock()):
            self._flush()
        self._ack()
        within_seconds = self._batch.seconds_left(self._clock())
        self._take(self._intake.next(within_seconds, self._stop.is_asked))
        self._janitor.sweep_if_due()

    def _settle(self) -> None:
        """Insert and ack all that is ours, then leave the group."""
        self._flush()
        self._ack()
        if self._batch:
            return
        # The read that was given up may have been answered.
        self._intake.start_over()
        while entries := self._intake.own():
            self._take(entries)
        self._flush()
        self._ack()
        self._stream.leave()

    def _surviving(self, step: Callable[[], None]) -> bool:
        """Take a step; return whether Redis answered. If not, wait a little."""
        try:
            step()
        except RedisUnavailable as error:
            seconds = self._redis_backoff.next_seconds()
            logger.warning("%s; going on in %.1f s", error, seconds)
            self._metrics.redis_failures.inc()
            self._intake.start_over()
            self._stop.wait(seconds)
            return False
        self._redis_backoff.reset()
        return True

    def _take(self, entries: list[Entry]) -> None:
        now, now_ms = self._clock(), time.time_ns() // 1_000_000
        dead = []
        for entry in entries:
            try:
                click = from_fields(entry.entry_id, entry.fields)
            except InvalidClick as invalid:
                dead.append((entry, Fault(invalid.reason, invalid.detail)))
            else:
                self._batch.append(entry.entry_id, self._enricher.enrich(click, now_ms), now)
        for entry, fault in dead:
            self._stream.dead_letter(entry, fault, now_ms)

    def _flush(self) -> None:
        """Insert the batch, however long it takes; give up only when a stop is overdue."""
        while self._batch and not self._stop.is_overdue():
            if self._insert():
                self._inserted += self._batch.entry_ids
                self._batch = Batch(*self._size)
                return
            self._stop.wait(self._insert_backoff.next_seconds())

    def _insert(self) -> bool:
        try:
            self._writer.insert(self._batch)
        except ClickHouseError as error:
            kind = "refused" if isinstance(error, ClickHouseRefused) else "unavailable"
            self._metrics.insert_failures.labels(kind).inc()
            logger.log(
                logging.ERROR if kind == "refused" else logging.WARNING,
                "%d clicks wait to be inserted: %s",
                len(self._batch),
                error,
            )
            return False
        self._insert_backoff.reset()
        return True

    def _ack(self) -> None:
        """Ack what is inserted; after an error it is done again before anything is read."""
        if self._inserted:
            self._stream.ack(self._inserted)
            self._inserted = []
