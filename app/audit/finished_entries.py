"""The entries of the click stream that the group has finished: what ClickHouse once confirmed.

The table ``ledger`` can't tell of clicks that it lost together with ``clicks``, and Redis counts
entries, of which two may be one click. So who looks for a loss on both sides takes the entries
themselves, while the stream still holds them.
"""

from collections.abc import Iterator, Mapping, Sequence

from app.audit.click_ref import ClickRef
from app.audit.entry_counts import Call
from app.audit.unread_entries import parse_id
from app.clicks.click import InvalidClick, decode
from app.stores.scripts import script

#: Entries read in one call.
_PAGE = 200
#: Entries that are looked up at once.
_PIECE = 10_000

#: An entry's id, and the names and values of its fields in turn.
StreamEntry = tuple[bytes, list[bytes]]


class Finished:
    """Reads finished entries without touching the group. Raises what ``call`` raises."""

    def __init__(self, call: Call, stream: str, group: str) -> None:
        self._call = call
        self._stream = stream
        self._group = group
        self._span_script = script("app.audit", "unread_span")

    def delivered(self) -> bytes | None:
        """Return the id of the last entry that was read; None where there is no group."""
        found = self._call("EVAL", self._span_script, 1, self._stream, self._group)
        return found[0] if found else None

    def first_ms(self) -> int | None:
        """Return when the oldest entry was added, in Unix milliseconds; None without any."""
        oldest = self._call("XRANGE", self._stream, "-", "+", "COUNT", 1)
        return int(oldest[0][0].partition(b"-")[0]) if oldest else None

    def of(self, page: Sequence[StreamEntry]) -> list[StreamEntry]:
        """Return those of neighbouring entries that are finished.

        Args:
            page: entries that :meth:`delivered` said to be read, before they were.
        """
        if not page:
            return []
        ends = sorted((page[0][0], page[-1][0]), key=parse_id)
        pending = self._call("XPENDING", self._stream, self._group, *ends, len(page))
        unfinished = {one[0] for one in pending}
        return [entry for entry in page if entry[0] not in unfinished]

    def clicks(self, since_ms: int, most: int | None = None) -> Iterator[dict[ClickRef, bytes]]:
        """Yield finished clicks and their entries, newest entries first, some thousand at a time.

        Args:
            since_ms: Unix time of the oldest click and entry.
            most: about how many entries to look at; None for all.
        """
        looked_at, found = 0, dict[ClickRef, bytes]()
        for page in self._pages(since_ms):
            found |= _clicks_of(self.of(page), since_ms)
            looked_at += len(page)
            if len(found) >= _PIECE:
                yield found
                found = {}
            if most is not None and looked_at >= most:
                break
        yield found

    def still(self, clicks: Mapping[ClickRef, bytes]) -> dict[ClickRef, bytes]:
        """Return those of finished clicks whose entries are in this stream still.

        What is erased leaves the stream before it leaves the tables.
        """
        return {
            click: entry_id
            for click, entry_id in clicks.items()
            if click in _clicks_of(self._call("XRANGE", self._stream, entry_id, entry_id), 0)
        }

    def _pages(self, since_ms: int) -> Iterator[list[StreamEntry]]:
        last = self.delivered()
        while last is not None:
            page = self._call("XREVRANGE", self._stream, last, since_ms, "COUNT", _PAGE)
            yield page
            last = b"(" + page[-1][0] if page else None


class AllFinished:
    """Reads finished entries of every shard; an entry's id alone doesn't say of which."""

    def __init__(self, shards: Sequence[Finished]) -> None:
        self._shards = shards

    def first_ms(self) -> int | None:
        """Return when the oldest entry was added, in Unix milliseconds; None without any."""
        found = (shard.first_ms() for shard in self._shards)
        return min((one for one in found if one is not None), default=None)

    def clicks(self, since_ms: int, most: int | None = None) -> Iterator[dict[ClickRef, bytes]]:
        """Yield finished clicks and their entries as :meth:`Finished.clicks`, shard by shard.

        Args:
            since_ms: Unix time of the oldest click and entry.
            most: about how many entries of all to look at; None for all that there are.
        """
        share = None if most is None else -(-most // len(self._shards))
        for shard in self._shards:
            yield from shard.clicks(since_ms, share)

    def still(self, clicks: Mapping[ClickRef, bytes]) -> dict[ClickRef, bytes]:
        """Return those of finished clicks whose entries are in one of the streams still."""
        found: dict[ClickRef, bytes] = {}
        for shard in self._shards:
            found |= shard.still({one: clicks[one] for one in clicks.keys() - found.keys()})
        return found


def _clicks_of(entries: Sequence[StreamEntry], since_ms: int) -> dict[ClickRef, bytes]:
    """Return the clicks of entries; what is no click was never meant for ClickHouse."""
    try:
        found = decode([one[0] for one in entries], [one[1] for one in entries])
    except InvalidClick:
        if len(entries) == 1:
            return {}
        middle = len(entries) // 2
        return _clicks_of(entries[:middle], since_ms) | _clicks_of(entries[middle:], since_ms)
    click_refs = map(ClickRef, found.times_ms, found.click_ids)
    return {
        click_ref: entry_id
        for click_ref, entry_id in zip(click_refs, found.entry_ids, strict=True)
        if click_ref.time_ms >= since_ms
    }
