"""The click stream as one consumer of the group sees it.

Rule 1: no other file sends a command about the stream, and none here is sent again by itself.
Rule 2: a blocking read has a connection of its own, so that an ack never waits behind it.
Rule 3: a reply may be lost on its way. After any error the caller reads its own pending entries
        once, by :meth:`Stream.own_pending`, walking on from the last id: asking from the first
        again and again would renew their idle time and hide them from the others' claims.
"""

import logging
from collections.abc import Callable
from importlib import resources
from typing import Any, NamedTuple

from app.dead_letter import Fault, to_letter
from app.metrics import WorkerMetrics
from app.redis import RedisRefused
from workers.entry import Entry
from workers.wire import Wire

logger = logging.getLogger(__name__)

#: Before the first entry: where walks and claims begin, and the cursor that ends a claim.
FIRST_ID = b"0-0"


class Names(NamedTuple):
    """Whose entries are read, by whom, and where the dead ones go, about how many of them."""

    stream: str
    group: str
    consumer: str
    dead_stream: str
    dead_maxlen: int


class Seen(NamedTuple):
    """A consumer of the group.

    Attributes:
        pending: how many entries it has read and not acked.
        idle_ms: milliseconds since it last asked for entries, or (before Redis 7.2) got some.
    """

    name: str
    pending: int
    idle_ms: int


class Stream:
    """Reads, claims, acks. Every method raises what :class:`Wire` raises."""

    def __init__(self, reads: Wire, acks: Wire, names: Names, metrics: WorkerMetrics) -> None:
        self._reads = reads
        self._acks = acks
        self._names = names
        self._metrics = metrics
        self._dead_letter = _script("dead_letter.lua")
        self._forget_consumer = _script("forget_consumer.lua")

    def ensure_group(self) -> None:
        """Create stream and group where missing; the group begins with the oldest entry."""
        stream, group = self._names.stream, self._names.group
        try:
            self._acks.call("XGROUP", "CREATE", stream, group, "0", "MKSTREAM")
        except RedisRefused as error:
            if "BUSYGROUP" not in str(error):
                raise
        else:
            logger.info("created group %s of stream %s", group, stream)

    def read(self, count: int, block_ms: int, should_end: Callable[[], bool]) -> list[Entry]:
        """Return entries that nobody has read; none after ``block_ms`` or once told to end."""
        command = (*self._read_group(), "COUNT", count, "BLOCK", block_ms, *self._from(b">"))
        reply = self._reads.call_blocking(block_ms, should_end, *command)
        entries = [Entry(*pair) for pair in self._of_stream(reply)]
        self._metrics.entries_read.inc(len(entries))
        return entries

    def own_pending(self, count: int, after: bytes) -> tuple[list[Entry], bytes | None]:
        """Return entries that this consumer has read and not acked, the oldest after an id.

        Returns:
            The entries, and the id to go on after; None when there are no more. Those that are
            no longer in the stream can't be had again: they are counted as lost, and acked.
        """
        reply = self._acks.call(*self._read_group(), "COUNT", count, *self._from(after))
        found = self._of_stream(reply)
        lost = [entry_id for entry_id, flat in found if flat is None]
        if lost:
            self._note_lost(lost)
            self.ack(lost)
        entries = [Entry(entry_id, flat) for entry_id, flat in found if flat is not None]
        return entries, found[-1][0] if found else None

    def claim(self, count: int, idle_ms: int, cursor: bytes) -> tuple[list[Entry], bytes | None]:
        """Take over entries that any consumer left pending for longer than ``idle_ms``.

        Returns:
            The entries, and the cursor to go on from; None when all were looked at. Those that
            are no longer in the stream are counted as lost; Redis takes them off the lists.
        """
        stream, group, consumer = self._names[:3]
        next_cursor, found, lost = self._acks.call(
            "XAUTOCLAIM", stream, group, consumer, idle_ms, cursor, "COUNT", count
        )
        if lost:
            self._note_lost(lost)
        self._metrics.entries_claimed.inc(len(found))
        return [Entry(*pair) for pair in found], next_cursor if next_cursor != FIRST_ID else None

    def ack(self, entry_ids: list[bytes]) -> None:
        """Take entries off the group's pending list, whoever holds them."""
        self._acks.call("XACK", self._names.stream, self._names.group, *entry_ids)

    def dead_letter(self, entry: Entry, fault: Fault, now_ms: int) -> None:
        """Move a pending entry to the dead-letter stream; ``now_ms`` is the Unix time."""
        stream, group, consumer, dead_stream, dead_maxlen = self._names
        letter = to_letter(entry.entry_id, entry.flat, fault, consumer, now_ms)
        script = ("EVAL", self._dead_letter, 2, stream, dead_stream)
        moved = self._acks.call(*script, group, entry.entry_id, dead_maxlen, *letter)
        if moved:
            self._metrics.dead_letters.labels(fault.reason).inc()
            logger.warning(
                "dead letter %s: %s: %s", entry.entry_id.decode(), fault.reason, fault.detail
            )

    def consumers(self) -> list[Seen]:
        """Return the group's consumers."""
        reply = self._acks.call("XINFO", "CONSUMERS", self._names.stream, self._names.group)
        return [Seen(one[b"name"].decode(), one[b"pending"], one[b"idle"]) for one in reply]

    def forget(self, consumer: str) -> bool:
        """Remove a consumer from the group; False when it has pending entries."""
        stream, group = self._names.stream, self._names.group
        return bool(self._acks.call("EVAL", self._forget_consumer, 1, stream, group, consumer))

    def leave(self) -> None:
        """Remove this consumer from the group, unless it leaves pending entries behind."""
        self.forget(self._names.consumer)

    def _read_group(self) -> tuple[str, ...]:
        return "XREADGROUP", "GROUP", self._names.group, self._names.consumer

    def _from(self, entry_id: bytes) -> tuple[str | bytes, ...]:
        return "STREAMS", self._names.stream, entry_id

    def _of_stream(self, reply: dict[bytes, list[list[Any]]] | None) -> list[list[Any]]:
        return reply[self._names.stream.encode()] if reply else []

    def _note_lost(self, entry_ids: list[bytes]) -> None:
        self._metrics.entries_lost.inc(len(entry_ids))
        text = b" ".join(entry_ids).decode()
        logger.error("lost %d clicks, trimmed before they were counted: %s", len(entry_ids), text)


def _script(name: str) -> str:
    return resources.files("workers").joinpath(name).read_text()
