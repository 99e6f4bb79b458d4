"""Moment before which no row can still be made: what is on its way to ClickHouse is younger.

A row is made after its entry came into the stream, and its entry is acked after the row is stored.
So rows that are made before the oldest unfinished entry came are all there.
"""

from collections.abc import Sequence

from app.audit.entry_counts import Call
from app.audit.finished_entries import Finished

#: How far the clocks of Redis and the workers may be apart.
_CLOCKS_MS = 2_000


def settled_ms(call: Call, streams: Sequence[tuple[str, str]], now_ms: int) -> int:
    """Return the moment, in Unix milliseconds; what ``call`` raises goes through.

    Args:
        streams: every shard's, with its group.
        now_ms: before ClickHouse is asked.
    """
    found = [now_ms]
    for stream, group in streams:
        # In the order of an entry's way, so that one that moves on meanwhile is seen.
        found += _unread(call, stream, group)
        found += _pending(call, stream, group)
    return min(found) - _CLOCKS_MS


def _unread(call: Call, stream: str, group: str) -> list[int]:
    delivered = Finished(call, stream, group).delivered()
    first = "-" if delivered is None else b"(" + delivered
    return [_ms(entry[0]) for entry in call("XRANGE", stream, first, "+", "COUNT", 1)]


def _pending(call: Call, stream: str, group: str) -> list[int]:
    if Finished(call, stream, group).delivered() is None:
        return []
    oldest = call("XPENDING", stream, group)[1]
    return [_ms(oldest)] if oldest else []


def _ms(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])
