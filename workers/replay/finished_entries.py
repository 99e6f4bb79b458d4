"""Reader that yields the entries which the group has finished, without touching the group."""

from collections.abc import Collection
from typing import NamedTuple

from app.audit.entry_counts import Call
from app.audit.finished_entries import Finished
from app.audit.unread_entries import parse_id
from app.clicks.entry import Entry
from workers.stream.dead_letter_index import DeadLetterIndex
from workers.stream.names import Names

#: Entries read in one call, which hold Redis up for 1 ms.
_AT_ONCE = 1_000
#: Of a page's texts, past which it ends: whoever wrote them may have made them long.
_PAGE_BYTES = 32 << 20


class NothingProcessed(Exception):
    """There is no group, so that no click was ever processed: there is nothing to replay."""


class Page(NamedTuple):
    """Some entries, and where to go on.

    Attributes:
        entries: those that the group has finished, in order.
        unfinished: how many of the page are left to the group.
        last_id: of the page, b'' behind the last one.
    """

    entries: list[Entry]
    unfinished: int
    last_id: bytes


class FinishedEntries:
    """Reads the stream with XRANGE. Every method raises what :class:`RedisConnection` raises.

    Args:
        call: sends one command to Redis.
    """

    def __init__(self, call: Call, names: Names) -> None:
        self._call = call
        self._names = names
        self._finished = Finished(call, names.stream, names.group)
        self._dead_letters = DeadLetterIndex(call, names.dead_stream)

    def page(self, first: bytes, last: bytes, count: int) -> Page:
        """Return the next entries from one id to another, either of which may begin with ``(``.

        Args:
            count: how many to look at, at most.

        Raises:
            NothingProcessed: there is no group.
        """
        # Asked for first: what was delivered by then and is not pending later is finished.
        delivered = self._delivered()
        if parse_id(last.lstrip(b"(")) > parse_id(delivered):
            last = delivered
        entries, looked_at, size_bytes, last_id = list[Entry](), 0, 0, b""
        while looked_at < count and size_bytes < _PAGE_BYTES:
            most = min(_AT_ONCE, count - looked_at)
            found = self._call("XRANGE", self._names.stream, first, last, "COUNT", most)
            if not found:
                break
            entries += [Entry(*pair) for pair in self._finished.of(found)]
            looked_at += len(found)
            size_bytes += sum(sum(map(len, flat)) for _, flat in found)
            last_id = found[-1][0]
            first = b"(" + last_id
        return Page(entries, looked_at - len(entries), last_id)

    def with_dead_letter(self, entry_ids: Collection[bytes]) -> set[bytes]:
        """Return those of some entries that have a dead letter."""
        self._dead_letters.expire()
        return self._dead_letters.among(entry_ids)

    def _delivered(self) -> bytes:
        delivered = self._finished.delivered()
        if delivered is None:
            names = self._names
            raise NothingProcessed(f"stream {names.stream} has no group {names.group}")
        return delivered


def milliseconds(entry_id: bytes) -> int:
    """Return when an entry was added, in Unix milliseconds."""
    return int(entry_id.partition(b"-")[0])
