"""Clicks that are on their way to ClickHouse, or dead: what Redis holds of them, in pages."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from app.audit.balance import State
from app.audit.click_ref import ClickRef
from app.audit.entry_counts import Call
from app.clicks.click import InvalidClick, from_fields
from app.dead_letters.shards import AllDeadLetters
from app.dead_letters.store import Choice
from app.stores.scripts import script

#: Entries read in one call.
_PAGE = 200
_FIRST_ID = b"0-0"


class InFlight:
    """Looks at spool, streams and dead letters. Raises what ``call`` and ``spooled`` raise.

    Args:
        streams: every shard's.
        spooled: yields the clicks in the spool of this host.
    """

    def __init__(
        self,
        call: Call,
        streams: Sequence[str],
        group: str,
        letters: AllDeadLetters,
        spooled: Callable[[], Iterable[ClickRef]],
    ) -> None:
        self._call = call
        self._streams = streams
        self._group = group
        self._letters = letters
        self._spooled = spooled
        self._pending_script = script("app.audit", "pending")
        self._span_script = script("app.audit", "unread_span")

    def click_refs(self, since_ms: int) -> dict[State, set[ClickRef]]:
        """Return the clicks of a Unix time and younger by the states in which they were seen.

        Looked at in the order of a click's way, so that one that moves meanwhile is seen twice
        rather than never.
        """
        return {
            "spooled": _recent(self._spooled(), since_ms),
            "unread": _recent(chain.from_iterable(map(self._unread, self._streams)), since_ms),
            "pending": _recent(chain.from_iterable(map(self._pending, self._streams)), since_ms),
            "dead": _recent(self._dead(since_ms), since_ms),
        }

    def _unread(self, stream: str) -> Iterator[ClickRef]:
        after, newest = self._unread_span(stream) or (b"", b"")
        while after != newest:
            page = self._call("XRANGE", stream, b"(" + after, newest, "COUNT", _PAGE)
            yield from (click_ref_of(entry_id, flat) for entry_id, flat in page)
            after = page[-1][0] if page else newest

    def _pending(self, stream: str) -> Iterator[ClickRef]:
        if not self._unread_span(stream):
            return
        command = ("EVAL", self._pending_script, 1, stream, self._group)
        after = _FIRST_ID
        while page := self._call(*command, after, _PAGE):
            yield from (click_ref_of(*entry) for entry in page if len(entry) > 1)
            after = page[-1][0]

    def _dead(self, since_ms: int) -> Iterator[ClickRef]:
        for letter in self._letters.find(Choice()):
            yield click_ref_of(letter.entry_id, letter.flat)
        for purged in self._letters.purged(since_ms):
            yield ClickRef(*purged)

    def _unread_span(self, stream: str) -> list[bytes]:
        """Return the last id read and the newest id; nothing where there is no group."""
        found: list[bytes] = self._call("EVAL", self._span_script, 1, stream, self._group)
        return found


def click_ref_of(entry_id: bytes, flat: Sequence[bytes]) -> ClickRef:
    """Return the click of an entry; what is no click is told apart by where the entry stood."""
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    try:
        click = from_fields(entry_id, fields)
    except InvalidClick:
        identity = hashlib.blake2b(entry_id, digest_size=16).digest()
        return ClickRef(int(entry_id.partition(b"-")[0]), identity)
    return ClickRef(click.time_ms, click.click_id)


def _recent(click_refs: Iterable[ClickRef], since_ms: int) -> set[ClickRef]:
    return {one for one in click_refs if one.time_ms >= since_ms}
