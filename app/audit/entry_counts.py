"""Totals that tell what became of the entries of the click stream.

Rule 1: Redis counts every entry ever added, and the workers' scripts count every entry that they
        take off the pending list, in the same atomic step. What is neither counted there nor
        pending nor unread went in some other way: deleted, trimmed or acked by hand.
Rule 2: all these numbers live beside the stream, so they survive what it survives, and after a
        crash they roll back with it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from app.audit.unread_entries import Stand, bears_out, parse_id, unread
from app.stores import keys
from app.stores.redis.client import despite_full
from app.stores.scripts import script

#: Sends one command to Redis and returns the reply as bytes, integers and lists.
Call = Callable[..., Any]

#: Unread entries counted in one call; more would hold up everybody else for over a millisecond.
_PAGE = 200
_DAY_MS = 86_400_000
#: Gaps that are kept.
_GAPS = 1_000
#: In the place of 1 as a gap's `emptied`, where Redis went back to an older state.
_SET_BACK = 2
#: Fields of the ledger's hash, in the order of :class:`Noted`.
_NOTED = (
    "base",
    "since",
    "checked",
    "missing",
    "compared",
    "missing_clicks",
    "uncounted_clicks",
    "vouched",
)


class EntryCount(NamedTuple):
    """The entries of a stream at one moment.

    Attributes:
        time_ms: that moment, in Unix milliseconds by the server's clock.
        added: all entries ever added, to streams that were deleted since the ledger began as well.
        inserted: those whose clicks were inserted.
        dead: those that became dead letters.
        pending: those that are read and not acked.
        unread: those that nobody has read.
        again: those that were counted more than once, because somebody set the group back.
    """

    time_ms: int
    added: int
    inserted: int
    dead: int
    pending: int
    unread: int
    again: int = 0

    @property
    def rest(self) -> int:
        """Entries that are in none of these states."""
        settled = self.inserted + self.dead - self.again
        return self.added - settled - self.pending - self.unread


class Noted(NamedTuple):
    """What the last checks found.

    Attributes:
        base: entries that went before the ledger began.
        since_ms: when that was, in Unix milliseconds.
        checked_ms: when the entries were last counted.
        missing: entries that are unaccounted for.
        compared_ms: when the clicks were last compared, 0 for never.
        missing_clicks: accepted clicks that were nowhere then.
        uncounted_clicks: clicks that were in ClickHouse and that nobody had accepted.
        vouched_seconds: when the ClickHouse server was started that held all clicks of the stream
            when it was last asked for them, as a Unix time; 0 for none.
    """

    base: int
    since_ms: int
    checked_ms: int
    missing: int
    compared_ms: int
    missing_clicks: int
    uncounted_clicks: int
    vouched_seconds: int = 0


class Gap(NamedTuple):
    """Entries that went missing, or came back where negative, between two checks.

    Attributes:
        after_ms: time of the check that did not find it, in Unix milliseconds.
        before_ms: time of the check that did.
        is_emptied: whether the stream was deleted meanwhile, or all that Redis held: then more
            may be gone than was known of.
        is_set_back: whether instead Redis forgot what it took meanwhile, as from an older file.
    """

    after_ms: int
    before_ms: int
    entries: int
    is_emptied: bool = False
    is_set_back: bool = False


class EntryLedger:
    """The ledger of one group of one stream. Every method raises what ``call`` raises."""

    def __init__(self, call: Call, stream: str, group: str) -> None:
        self._call = call
        self._stream = stream
        self._group = group
        self._key = keys.ledger_key(stream, group)
        self._gaps_key = keys.ledger_gaps_key(stream, group)
        self._count = script("app.audit", "count")
        self._next_page = script("app.audit", "count_on")
        self._note = script("app.audit", "note")

    def count(self) -> EntryCount | None:
        """Count all entries, each unread one too; None where stream or group is missing."""
        seen = self._see()
        return self._count_on(seen) if seen else None

    def check(self, *, exactly: bool = False) -> tuple[EntryCount, int] | None:
        """Count all entries; note and return how many more are missing than at the last check.

        The first check begins the ledger. None where there is no group.

        Args:
            exactly: whether to look at each unread entry even where their number can be told.
        """
        seen = self._see()
        if seen is None:
            return None
        counted = None if exactly else _told(seen)
        counted = counted or self._count_on(seen)
        last_read = seen.last_read if bears_out(counted.unread, seen.stand) else ""
        where = (3, self._key, self._gaps_key, self._stream)
        what = (counted.time_ms, counted.rest, last_read, seen.stand.gone, seen.stand.added)
        return counted, self._call("EVAL", self._note, *where, *what)

    def note_clicks(self, time_ms: int, missing: int, uncounted: int, vouched_seconds: int) -> None:
        """Note what a comparison of clicks at a Unix time found; the rest as in :class:`Noted`."""
        found = ("compared", time_ms, "missing_clicks", missing, "uncounted_clicks", uncounted)
        vouched = ("vouched", vouched_seconds)
        self._call(*despite_full(self._key, "HSET", self._key, *found, *vouched))

    def noted(self) -> Noted | None:
        """Return what the last checks found; None before the first."""
        found = self._call("HMGET", self._key, *_NOTED)
        return Noted(*(int(text or 0) for text in found)) if found[0] is not None else None

    def gaps(self, since_ms: int) -> list[Gap]:
        """Return the gaps that were noticed since a Unix time, oldest first."""
        found = self._call("XRANGE", self._gaps_key, since_ms, "+")
        return [_gap(*map(int, flat[1::2])) for _, flat in found]

    def gaps_of_a_day(self) -> list[Gap]:
        """Return the gaps that were noticed within a day of the last check."""
        noted = self.noted()
        return self.gaps(noted.checked_ms - _DAY_MS) if noted else []

    def note_emptied(self, after_ms: int, before_ms: int, *, is_set_back: bool = False) -> None:
        """Note once that Redis lost all that it held between two Unix times, its ledger as well.

        Args:
            is_set_back: whether that is only what it took between them.
        """
        if any(gap.is_emptied and gap.before_ms == before_ms for gap in self.gaps(0)):
            return
        kind = _SET_BACK if is_set_back else 1
        gap = ("after", after_ms, "before", before_ms, "entries", 0, "emptied", kind)
        command = ("XADD", self._gaps_key, "MAXLEN", "~", _GAPS, "*", *gap)
        self._call(*despite_full(self._gaps_key, *command))

    def _see(self) -> "_Seen | None":
        command = ("EVAL", self._count, 2, self._stream, self._key, self._group, _PAGE)
        seen = self._call(*command)
        return _seen(seen) if seen else None

    def _count_on(self, seen: "_Seen") -> EntryCount:
        """Count the unread entries that were not counted yet, in pages."""
        count, last = seen.counted.unread, seen.last_counted
        while last != seen.newest:
            command = ("EVAL", self._next_page, 1, self._stream, last, seen.newest, _PAGE)
            more, last = self._call(*command)
            count += more
        return seen.counted._replace(unread=count)


class _Seen(NamedTuple):
    """What ``count.lua`` returns.

    Attributes:
        counted: unread entries only as far as they were looked at.
        last_counted: id of the last of them.
        newest: id of the newest entry.
        last_read: id of the last that was read.
        noted_rest: the rest at the last check, None before the first.
    """

    counted: EntryCount
    last_counted: bytes
    newest: bytes
    last_read: bytes
    stand: Stand
    noted_rest: int | None


def _gap(after_ms: int, before_ms: int, entries: int, emptied: int = 0) -> Gap:
    return Gap(after_ms, before_ms, entries, bool(emptied), emptied == _SET_BACK)


def _seen(reply: Sequence[Any]) -> _Seen:
    time_ms, added, inserted, dead, pending, unread_so_far = reply[:6]
    last_counted, newest, last_read = reply[6:9]
    length, handed_out, oldest, deleted, borne_out, gone_then, noted_rest, again, before = reply[9:]
    counted = EntryCount(time_ms, added + before, inserted, dead, pending, unread_so_far, again)
    stand = Stand(
        added,
        length,
        handed_out,
        parse_id(last_read),
        parse_id(oldest) if oldest else None,
        parse_id(deleted),
        parse_id(borne_out) if borne_out else None,
        gone_then,
    )
    return _Seen(counted, last_counted, newest, last_read, stand, noted_rest)


def _told(seen: _Seen) -> EntryCount | None:
    """Return the count if it can be told, and if it says nothing new: a loss is to be counted."""
    told = unread(seen.stand)
    if told is None:
        return None
    counted = seen.counted._replace(unread=told)
    return counted if seen.noted_rest in (None, counted.rest) else None
