"""Batcher that gathers rows until their insert is due, and dead-letters entries that have none."""

import time
from collections.abc import Callable
from typing import NamedTuple

from app.clicks.entry import Entry
from app.dead_letters.letter import Fault
from workers.clickhouse.batch import Batch
from workers.consumer.circuit_breaker import Breaker
from workers.consumer.processor import Processor
from workers.consumer.source import FetchedBatch
from workers.stream.lease import BatchRecord
from workers.stream.stream import Stream

#: How many times larger than usual a batch gets while there is a backlog.
_MOST_TIMES = 8
#: A second's work of a core. More only where so many are usual: two batches, one on its way and
#: one that grows, take some 70 MB then.
_MOST_ROWS = 75_000
#: Bytes of texts at which a batch is inserted: three times those of so many browsers' clicks, where
#: clicks with the largest fields there may be would take 2 GB.
_MOST_TEXT_BYTES = 64 << 20


class BatchSize(NamedTuple):
    """When a batch is inserted, whichever comes first.

    Attributes:
        rows: number of rows, unless the batch before was inserted less than ``seconds`` ago.
        seconds: age of the oldest of them.
    """

    rows: int
    seconds: float

    @property
    def most_rows(self) -> int:
        """Number of rows at which a batch is inserted whatever came before, for memory's sake."""
        return max(self.rows, min(_MOST_TIMES * self.rows, _MOST_ROWS))


class Batcher:
    """Gathers the rows of entries in a batch, and dead-letters entries that have none.

    Args:
        submit: takes a batch on, and its record in Redis where it was claimed with one.
    """

    def __init__(
        self,
        stream: Stream,
        processor: Processor,
        breaker: Breaker,
        size: BatchSize,
        submit: Callable[[Batch, BatchRecord | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._processor = processor
        self._breaker = breaker
        self._size = size
        self._submit = submit
        self._clock = clock
        self._batch = Batch()
        self._taken_at = clock() - size.seconds

    def __len__(self) -> int:
        """Return the number of rows at hand."""
        return len(self._batch)

    @property
    def is_stopped(self) -> bool:
        """Whether too many clicks fail, so that none should be read for now."""
        return self._breaker.is_open()

    @property
    def is_full(self) -> bool:
        """Whether the batch holds all that it may; it never refuses one more."""
        batch = self._batch
        # Entries, not rows: of a click that is sent again and again there is one row.
        return batch.entry_count >= self._size.most_rows or batch.text_bytes >= _MOST_TEXT_BYTES

    @property
    def has_room(self) -> bool:
        """Whether entries may be read on while a batch is on its way."""
        return not (self.is_full or self.is_stopped)

    @property
    def is_due(self) -> bool:
        """Whether the batch is large or old enough to be inserted."""
        return self.is_full or (bool(self._batch) and self.seconds_left() <= 0)

    def seconds_left(self) -> float:
        """Return the seconds until the batch is due: infinity while it is empty."""
        if not self._batch:
            return float("inf")
        rows, seconds = self._size
        is_large = len(self._batch) >= rows
        return (self._taken_at if is_large else self._batch.since) + seconds - self._clock()

    def submit(self, fetched: FetchedBatch) -> bool:
        """Add the rows to the batch, or make one of their own; False when some need a second look.

        Raises:
            RedisUnavailable, RedisRefused: as the server says; rows are in the batch nonetheless.
        """
        if not fetched.is_apart:
            return self._add(fetched.entries, self._batch)
        self.flush()
        batch = Batch(is_retry=True)
        are_done = [self._add(entries, batch) for entries in fetched.pieces()]
        self._submit(batch, fetched.record)
        return all(are_done)

    def flush(self) -> None:
        """Hand on the batch, if there are rows, and begin a new one."""
        if self._batch:
            batch, self._batch = self._batch, Batch()
            self._taken_at = self._clock()
            self._submit(batch, None)

    def _add(self, entries: list[Entry], batch: Batch) -> bool:
        processed = self._processor.process(entries, time.time_ns() // 1_000_000)
        for entry_ids, rows in processed.good:
            batch.append(entry_ids, rows, self._clock())
        self._breaker.note_good(len(entries) - len(processed.dead))
        are_settled = [self._dead_letter(entry, fault) for entry, fault in processed.dead]
        return all(are_settled)

    def _dead_letter(self, entry: Entry, fault: Fault) -> bool:
        if fault.exception and not self._breaker.admits():
            return False
        self._stream.dead_letter(entry, fault, time.time_ns() // 1_000_000)
        return True
