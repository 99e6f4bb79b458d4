"""Stream that one consumer of the group reads, claims from and dead-letters in.

Rule 1: no command is sent again by itself.
Rule 2: a blocking read has a connection of its own, so that an ack never waits behind it.
Rule 3: a reply may be lost on its way. After any error the caller looks through its own pending
        entries once, by :meth:`Stream.own`.
"""

import logging
from collections.abc import Callable, Iterator

from app.clicks.entry import Entry
from app.dead_letters.letter import Fault, to_letter
from app.metrics.workers import WorkerMetrics
from app.stores.redis.connection import RedisConnection
from app.stores.scripts import script
from workers.process.cpu_time import cpu_time
from workers.stream.dead_letter_index import DeadLetterIndex
from workers.stream.names import Names
from workers.stream.poison import SUSPECTS_AT_ONCE

logger = logging.getLogger(__name__)

#: Before the first entry: where walks begin.
FIRST_ID = b"0-0"
#: Entries fetched in one call; more would hold up everybody else for longer than a millisecond.
_FETCHED_AT_ONCE = 250


class Stream:
    """Reads, claims, dead-letters. Every method raises what :class:`RedisConnection` raises."""

    def __init__(
        self, reads: RedisConnection, acks: RedisConnection, names: Names, metrics: WorkerMetrics
    ) -> None:
        self._reads = reads
        self._acks = acks
        self._names = names
        self._metrics = metrics
        self._asked_ahead = False
        self._dead_letters = DeadLetterIndex(acks.call, names.dead_stream)
        self._ensure_group = script("workers.stream", "ensure_group")
        self._pending = script("workers.stream", "pending")
        self._fetch = script("workers.stream", "fetch")
        self._claim = script("workers.stream", "claim")
        self._dead_letter = script("workers.stream", "dead_letter")
        self._lost = script("workers.stream", "lost")
        self._forget_consumer = script("workers.stream", "forget_consumer")

    def ensure_group(self) -> None:
        """Create stream and group where missing; the group begins with the oldest entry."""
        stream, group = self._names.stream, self._names.group
        command = ("EVAL", self._ensure_group, 2, stream, self._names.ledger, group)
        made, again = self._acks.call(*command)
        if made:
            logger.info("created group %s of stream %s", group, stream)
        if again:
            logger.warning(
                "group %s was destroyed: %d entries that it had finished are read again, and no"
                " click counts twice",
                group,
                again,
            )

    def read(self, count: int, block_ms: int, should_end: Callable[[], bool]) -> list[Entry]:
        """Return entries that nobody has read; none after ``block_ms`` or once told to end.

        If :meth:`ask_ahead` was called, they are what that asked for.
        """
        if not self._asked_ahead:
            self._ask(count, block_ms)
        self._asked_ahead = False
        self._dead_letters.expire()
        with cpu_time(self._metrics.cpu_seconds.labels("read")):
            reply = self._reads.receive(block_ms, should_end)
            pairs = reply[self._names.stream.encode()] if reply else []
            entries = [Entry(*pair) for pair in pairs]
        self._metrics.entries_read.inc(len(entries))
        return entries

    def ask_ahead(self, count: int) -> None:
        """Ask for what the next :meth:`read` returns, so that Redis gets it ready meanwhile."""
        self._ask(count, 1)
        self._asked_ahead = True

    def give_up(self) -> None:
        """After an error: forget what was asked ahead, and what was known of the server.

        Entries of the reply that is given up are pending here.
        """
        self._dead_letters.forget()
        if self._asked_ahead:
            self._reads.hang_up()
            self._asked_ahead = False

    def _ask(self, count: int, block_ms: int) -> None:
        stream, group, consumer = self._names[:3]
        command = ("XREADGROUP", "GROUP", group, consumer, "COUNT", count, "BLOCK", block_ms)
        self._reads.send(*command, "STREAMS", stream, b">")

    def own(self, count: int, after: bytes) -> list[Entry]:
        """Return a page of entries pending here, the oldest after an id; none ends the walk."""
        return self._page(self._names.consumer, count, after)

    def claim_entries(self, dead: str, count: int) -> list[Entry]:
        """Claim a page of entries of a consumer that this one is the claimant of, none at the end.

        An entry delivered before may be what killed its consumer: see :mod:`workers.stream.poison`.
        """
        entries = self._page(dead, count, FIRST_ID)
        self._metrics.entries_claimed.inc(len(entries))
        return entries

    def claim_consumers(self, known_dead: list[str], idle_ms: int) -> list[str]:
        """Become the claimant of dead consumers; return those who left something.

        Their unfinished batches are this consumer's at once; the rest comes by
        :meth:`claim_entries`.

        Args:
            known_dead: consumers that are dead although their leases have not run out.
            idle_ms: how long a lease lasts.
        """
        names = self._names
        where = (4, names.stream, names.leases, names.batches, names.claimants)
        dead = self._acks.call(
            "EVAL", self._claim, *where, names.group, names.consumer, idle_ms, *known_dead
        )
        return [name.decode() for name in dead]

    def fetch(self, entry_ids: list[bytes], deliveries: int = 1) -> Iterator[list[Entry]]:
        """Yield the entries of these ids that are still in the stream, some at a time."""
        for start in range(0, len(entry_ids), _FETCHED_AT_ONCE):
            piece = entry_ids[start : start + _FETCHED_AT_ONCE]
            found = self._acks.call("EVAL", self._fetch, 1, self._names.stream, *piece)
            if found:
                yield [Entry(entry_id, flat, deliveries) for entry_id, flat in found]

    def dead_letter(self, entry: Entry, fault: Fault, now_ms: int) -> None:
        """Move an entry pending here to the dead-letter stream; ``now_ms`` is the Unix time.

        One that has a letter, because the group was set back, is only acked.
        """
        stream, group, consumer, dead_stream, dead_maxlen = self._names
        has_letter = bool(self._dead_letters.among([entry.entry_id]))
        letter = to_letter(entry.entry_id, entry.flat, fault, consumer, now_ms)
        command = ("EVAL", self._dead_letter, 3, stream, dead_stream, self._names.ledger)
        what = (group, consumer, entry.entry_id, dead_maxlen, int(has_letter))
        moved = self._acks.call(*command, *what, *letter)
        if moved and not has_letter:
            self._metrics.dead_letters.labels(fault.reason).inc()
            entry_id = entry.entry_id.decode()
            logger.warning("dead letter %s: %s: %s", entry_id, fault.reason, fault.detail)

    def leave(self) -> None:
        """Leave the group; what is left behind can be claimed at once."""
        self._forget(self._names.consumer, "dead")

    def forget(self, consumer: str) -> bool:
        """Remove a consumer from the group; False when it left entries or a batch."""
        return self._forget(consumer, "")

    def _forget(self, consumer: str, how: str) -> bool:
        names = self._names
        where = (4, names.stream, names.leases, names.batches, names.claimants)
        what = (names.group, consumer, how)
        return bool(self._acks.call("EVAL", self._forget_consumer, *where, *what))

    def _page(self, consumer: str, count: int, after: bytes) -> list[Entry]:
        names = self._names
        where = (2, names.stream, names.claimants, names.group, consumer, names.consumer)
        command = ("EVAL", self._pending, *where, after, count, *SUSPECTS_AT_ONCE)
        self._dead_letters.expire()
        while page := self._acks.call(*command):
            lost = [one[0] for one in page if len(one) == 2]
            if lost:
                self._note_lost(lost)
            if len(lost) < len(page):
                return [Entry(one[0], one[2], one[1]) for one in page if len(one) > 2]
        return []

    def _note_lost(self, entry_ids: list[bytes]) -> None:
        """Count entries that are pending and no longer in the stream, then ack them."""
        names = self._names
        command = ("EVAL", self._lost, 2, names.stream, names.ledger, names.group)
        self._metrics.entries_lost.inc(self._acks.call(*command, *entry_ids))
        text = b" ".join(entry_ids).decode()
        logger.error("lost %d clicks, trimmed before they were counted: %s", len(entry_ids), text)
