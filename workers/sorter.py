import time
from collections.abc import Callable
from typing import NamedTuple

from app.dead_letter import Fault
from workers.batch import Batch
from workers.breaker import Breaker
from workers.entry import Entry
from workers.examiner import Examiner
from workers.stream import Stream


class BatchSize(NamedTuple):
    """When a batch is inserted, whichever comes first.

    Attributes:
        rows: number of rows.
        seconds: age of the oldest of them.
    """

    rows: int
    seconds: float


class Sorter:
    """Gathers the rows of entries in a batch, and buries entries that have none."""

    def __init__(
        self,
        stream: Stream,
        examiner: Examiner,
        breaker: Breaker,
        size: BatchSize,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._examiner = examiner
        self._breaker = breaker
        self._size = size
        self._clock = clock
        self._batch = Batch(*size)

    def __len__(self) -> int:
        """Return the number of rows at hand."""
        return len(self._batch)

    @property
    def is_stopped(self) -> bool:
        """Whether too many clicks fail, so that none should be read for now."""
        return self._breaker.is_open()

    @property
    def is_due(self) -> bool:
        """Whether the batch is large or old enough to be inserted."""
        return self._batch.is_full or self._batch.is_due(self._clock())

    def seconds_left(self) -> float:
        """Return the seconds until the batch is due: infinity while it is empty."""
        return self._batch.seconds_left(self._clock())

    def take_batch(self) -> Batch:
        """Hand over the batch and begin a new one."""
        batch, self._batch = self._batch, Batch(*self._size)
        return batch

    def sort(self, entries: list[Entry]) -> bool:
        """Add the rows to the batch; return False when entries have to be looked at again.

        Raises:
            RedisUnavailable, RedisRefused: as the server says; rows are in the batch nonetheless.
        """
        return self._sort_into(self._batch, entries)

    def sort_apart(self, entries: list[Entry]) -> tuple[Batch, bool]:
        """Return a batch of its own, and what :meth:`sort` returns."""
        batch = Batch(*self._size)
        return batch, self._sort_into(batch, entries)

    def _sort_into(self, batch: Batch, entries: list[Entry]) -> bool:
        now, now_ms = self._clock(), time.time_ns() // 1_000_000
        dead = []
        for entry in entries:
            found = self._examiner.examine(entry, now_ms)
            if isinstance(found, Fault):
                dead.append((entry, found))
            else:
                batch.append(entry.entry_id, found, now)
        self._breaker.note_good(len(entries) - len(dead))
        buried = [self._bury(entry, fault, now_ms) for entry, fault in dead]
        return all(buried)

    def _bury(self, entry: Entry, fault: Fault, now_ms: int) -> bool:
        if fault.exception and not self._breaker.admits():
            return False
        self._stream.dead_letter(entry, fault, now_ms)
        return True
