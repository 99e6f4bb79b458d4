"""Fence that keeps two consumers from inserting the same entries: leases and batch records.

Rule 1: a consumer has a lease under a name that nobody had before, and renews it. Once it has run
        out, another consumer may end it and claim all that was pending; a lease that was
        ended never comes back, so a consumer that only slept finds out at its next step, and ends.
Rule 2: a batch is recorded before it is inserted, and forgotten when its entries are acked.
        Who claims finishes it with the same entries and the same deduplication token, so
        ClickHouse drops the second of two inserts, whoever of the two comes late.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from app.stores.redis.connection import RedisConnection
from app.stores.scripts import script
from workers.stream.names import Names

#: Entries acked in one call; more would hold up everybody else for longer than a millisecond.
_ACKED_AT_ONCE = 500
#: Renewed this often in the time that a lease lasts, if nothing else renews it.
_RENEWALS = 4


class Fenced(Exception):
    """The lease is gone: this consumer was taken for dead, and its entries are another's."""


class BatchRecord(NamedTuple):
    """What Redis holds of a batch while it is inserted.

    Attributes:
        name: the deduplication token and the first owner; two owners may hold the same clicks.
        tries: how many owners died over it.
        entry_ids: all entries of the batch.
    """

    name: str
    tries: int
    entry_ids: list[bytes]

    @property
    def token(self) -> str:
        """The deduplication token of the insert."""
        return self.name.partition("@")[0]


def elapsed_seconds() -> float:
    """Return a time that goes on while the machine sleeps and never jumps, in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Fence:
    """One consumer's lease and batches. Every method raises what :class:`RedisConnection` raises.

    Args:
        lease_seconds: how long a lease lasts.
        clock: as :func:`elapsed_seconds`.
    """

    def __init__(
        self,
        connection: RedisConnection,
        names: Names,
        lease_seconds: float,
        clock: Callable[[], float] = elapsed_seconds,
    ) -> None:
        self._connection = connection
        self._names = names
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._renewed_at: float | None = None
        self._lease = script("workers.stream", "lease")
        self._begin = script("workers.stream", "begin")
        self._commit = script("workers.stream", "commit")
        self._unfinished = script("workers.stream", "unfinished")

    @property
    def renewal_seconds(self) -> float:
        """Longest time between two calls of :meth:`keep`."""
        return self._lease_seconds / _RENEWALS

    def is_held(self) -> bool:
        """Tell whether the lease has surely not run out, without asking anybody."""
        return (
            self._renewed_at is not None and self._clock() < self._renewed_at + self._lease_seconds
        )

    def keep(self) -> None:
        """Begin the lease, or renew it when that is due.

        Raises:
            Fenced: it is gone.
        """
        verb = "begin" if self._renewed_at is None else "renew"
        asked_at = self._clock()
        if self._renewed_at is not None and asked_at < self._renewed_at + self.renewal_seconds:
            return
        leases, consumer = self._names.leases, self._names.consumer
        self._require(self._connection.call("EVAL", self._lease, 1, leases, consumer, verb))
        self._renewed_at = asked_at

    def name(self, token: str) -> str:
        """Return the name of a batch of this consumer's."""
        return f"{token}@{self._names.consumer}"

    def begin(self, batch: BatchRecord, part_of: str = "") -> None:
        """Record a batch, instead of the one that it is a part of; renews the lease.

        Raises:
            Fenced: the lease is gone, and nothing of the batch may be inserted.
        """
        names, asked_at = self._names, self._clock()
        where = (3, names.leases, names.batches, names.batch_entries)
        what = (batch.name, batch.tries, b" ".join(batch.entry_ids), part_of)
        self._require(self._connection.call("EVAL", self._begin, *where, names.consumer, *what))
        self._renewed_at = asked_at

    def commit(self, batch: BatchRecord) -> None:
        """Ack a batch that is inserted, and forget it; nothing happens if it is another's now."""
        entry_ids = batch.entry_ids
        starts = range(0, max(1, len(entry_ids)), _ACKED_AT_ONCE)
        self._connection.call_all(
            [
                self._finishing(
                    batch, entry_ids[start : start + _ACKED_AT_ONCE], is_last=start == starts[-1]
                )
                for start in starts
            ]
        )

    def forget(self, batch: BatchRecord) -> None:
        """Forget a batch whose entries are to be tried in some other way; they stay pending."""
        self._connection.call(*self._finishing(batch, [], is_last=True))

    def unfinished(self) -> BatchRecord | None:
        """Return a batch of this consumer's, or claimed by it, that is not finished."""
        where = (2, self._names.batches, self._names.batch_entries)
        found = self._connection.call("EVAL", self._unfinished, *where, self._names.consumer)
        if not found:
            return None
        return BatchRecord(found[0].decode(), found[1], found[2].split())

    def _finishing(
        self, batch: BatchRecord, entry_ids: list[bytes], *, is_last: bool
    ) -> tuple[str | bytes | int, ...]:
        names = self._names
        where = (4, names.stream, names.batches, names.batch_entries, names.ledger)
        whose = (names.group, names.consumer, batch.name)
        return ("EVAL", self._commit, *where, *whose, int(is_last), *entry_ids)

    def _require(self, granted: int) -> None:
        if not granted:
            raise Fenced(f"consumer {self._names.consumer} was taken for dead")
