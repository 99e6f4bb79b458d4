"""Sink that inserts batches into ClickHouse and acks their entries only then."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain

from app.metrics.workers import WorkerMetrics
from app.stores.clickhouse.connection import ClickHouseError, ClickHouseRefused, new_token
from app.stores.clickhouse.replicas import ReplicaBehind
from workers.clickhouse.batch import Batch
from workers.clickhouse.writer import RowsRefused, Writer
from workers.consumer.circuit_breaker import Breaker
from workers.consumer.processor import poison_fault
from workers.process.backoff import Backoff
from workers.process.cpu_time import cpu_time
from workers.process.signals import Stop
from workers.stream.lease import BatchRecord, Fence
from workers.stream.stream import Stream

logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 0.2
MOST_WAIT_SECONDS = 10.0
#: How long a step waits for an insert.
_MOMENT_SECONDS = 0.1


@dataclass(slots=True)
class _InsertJob:
    """A batch on its way.

    Attributes:
        record: what Redis holds, or will hold, of it.
        part_of: name of the batch that it was cut from, until it has a record itself.
        is_stored: whether all its rows are known to be in ClickHouse.
    """

    batch: Batch
    record: BatchRecord
    part_of: str = ""
    is_stored: bool = False


class Sink:
    """Takes batches to ClickHouse and then acks their entries, one batch after the other.

    A batch is recorded, inserted, verified if this was not surely the first try, and acked.
    When ClickHouse is away or refuses, that is tried again for ever; only rows that ClickHouse
    can't take while it takes others are cut out and dead-lettered.

    Inserts run in a thread of their own, so that the consumer can read on while ClickHouse works;
    that thread alone uses the writer, and one insert at a time is under way.

    Args:
        on_stored: told of clicks that ClickHouse has stored, by the times of their visits in Unix
            milliseconds.
    """

    def __init__(
        self,
        fence: Fence,
        stream: Stream,
        writer: Writer,
        breaker: Breaker,
        metrics: WorkerMetrics,
        stop: Stop,
        on_stored: Iterable[Callable[[Sequence[int]], object]] = (),
    ) -> None:
        self._fence = fence
        self._stream = stream
        self._writer = writer
        self._breaker = breaker
        self._metrics = metrics
        self._cpu = metrics.cpu_seconds
        self._stop = stop
        self._on_stored = tuple(on_stored)
        self._jobs: list[_InsertJob] = []
        self._inserter = ThreadPoolExecutor(1, "insert")
        self._under_way: Future[None] | None = None
        self._backoff = Backoff(FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS)

    def __len__(self) -> int:
        """Return the number of rows that are not acked yet."""
        return sum(len(job.batch) for job in self._jobs)

    def submit(self, batch: Batch, record: BatchRecord | None) -> None:
        """Take on a batch, and what Redis holds of it if it was claimed."""
        if batch:
            batch.close()
            # Entries that brought no row stay pending: someone else has to decide about them.
            ours = record._replace(entry_ids=batch.entry_ids) if record else self._new_record(batch)
            self._jobs.append(_InsertJob(batch, ours))
        elif record:
            self._fence.forget(record)

    def close(self) -> None:
        """Hang up on ClickHouse, whatever is under way."""
        self._writer.close()
        self._inserter.shutdown(wait=False)

    @property
    def is_inserting(self) -> bool:
        """Whether an insert is under way, which needs nobody's help."""
        return self._under_way is not None and not self._under_way.done()

    def poll(self) -> None:
        """Begin the insert of the first batch; once it has ended, ack it or try again.

        It waits a moment for an insert that is under way, and a little if ClickHouse doesn't do.

        Raises:
            Fenced: all that is here is another's now.
            RedisUnavailable, RedisRefused: as the server says; call it again.
        """
        job = self._jobs[0]
        if self._under_way is not None:
            wait([self._under_way], _MOMENT_SECONDS)
            if not self.is_inserting:
                self._conclude(job, self._under_way)
        elif not job.is_stored:
            self._begin(job)
        if job.is_stored:
            with cpu_time(self._cpu.labels("ack")):
                self._fence.commit(job.record)
            self._jobs.remove(job)

    def _begin(self, job: _InsertJob) -> None:
        with cpu_time(self._cpu.labels("ack")):
            self._fence.begin(job.record, job.part_of)
        job.part_of = ""
        # Not if asleep since: whoever claimed may insert these rows at this moment.
        if self._fence.is_held():
            self._under_way = self._inserter.submit(self._insert, job)

    def _conclude(self, job: _InsertJob, insert: "Future[None]") -> None:
        self._under_way = None
        try:
            insert.result()
        except RowsRefused as error:
            self._cut_out(job, error)
        except ClickHouseError as error:
            self._note_failure(job, error)
            self._stop.wait(self._backoff.next_seconds(), self._fence.renewal_seconds)
        else:
            job.is_stored = True
            self._breaker.note_good(len(job.batch))
            for hook in self._on_stored:
                hook(job.batch.rows.time)
            self._backoff.reset()

    def _insert(self, job: _InsertJob) -> None:
        """Insert a batch; this alone runs in the thread that waits for ClickHouse."""
        with cpu_time(self._cpu.labels("insert")):
            self._writer.insert(job.batch, job.record.token)
        if not job.batch.is_retry:
            return
        try:
            missing = len(job.batch) - self._writer.count_stored(job.batch)
        except ReplicaBehind as error:
            # The replica that has the rows may be gone for long. A second copy counts once.
            logger.info("%d rows are inserted once more: %s", len(job.batch), error)
            self._writer.insert(job.batch, new_token())
            return
        if missing:
            # The token is known and rows are not there: the first insert was not all of these, or
            # the server died between noting the token and storing the rows.
            self._metrics.rows_missing.inc(missing)
            logger.error("%d rows were dropped as duplicates that are not stored", missing)
            self._writer.insert(job.batch, new_token())

    def _note_failure(self, job: _InsertJob, error: ClickHouseError) -> None:
        """Remember that an insert is in doubt, and that this consumer survived it."""
        job.batch.is_retry = True
        job.record = job.record._replace(tries=0)
        is_refused = isinstance(error, ClickHouseRefused)
        self._metrics.insert_failures.labels("refused" if is_refused else "unavailable").inc()
        level = logging.ERROR if is_refused else logging.WARNING
        logger.log(level, "%d clicks wait to be inserted: %s", len(self), error)

    def _cut_out(self, job: _InsertJob, error: RowsRefused) -> None:
        """Go on with the two halves of a batch, or dead-letter the one click that is left of it."""
        if len(job.batch) > 1:
            name = job.record.name
            front, back = (_InsertJob(half, self._new_record(half)) for half in job.batch.halves())
            front.part_of = name
            self._jobs[:1] = [front, back]
        elif self._breaker.admits():
            self._dead_letter(job, error)
        else:
            self._stop.wait(self._breaker.seconds_left(), self._fence.renewal_seconds)

    def _dead_letter(self, job: _InsertJob, error: RowsRefused) -> None:
        for entry in chain.from_iterable(self._stream.fetch(job.batch.entry_ids)):
            self._stream.dead_letter(entry, poison_fault(error), time.time_ns() // 1_000_000)
        self._fence.forget(job.record)
        self._jobs.remove(job)

    def _new_record(self, batch: Batch) -> BatchRecord:
        # A token of its own, not one of its clicks: those may have been inserted and lost with
        # their part before their producer sent them again.
        return BatchRecord(self._fence.name(new_token()), 0, batch.entry_ids)
