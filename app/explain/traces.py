"""Tracer that finds what streams, dead letters, this host's spool and the table have of a click."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple

import hiredis

from app.audit.entry_counts import Call
from app.audit.finished_entries import Finished
from app.audit.in_flight import click_ref_of
from app.audit.spool import SpoolUnreadable, spool_path
from app.audit.unread_entries import parse_id
from app.clicks.entry import Entry
from app.clicks.rows import Rows
from app.dead_letters.letter import DeadLetter
from app.dead_letters.shards import AllDeadLetters
from app.dead_letters.store import Choice, LetterNotFound
from app.explain.asked import Asked, time_of
from app.explain.stored_rows import StoredRows
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.keys import visitor_salt_key
from app.times import rfc3339

_PAGE = 1_000
#: Entries of a stream that are looked at before the search is given up.
_MOST_ENTRIES = 300_000
#: Before a click's own time, clocks of two machines may have put its entry.
_CLOCKS_MS = 60_000
_BUSY_SECONDS = 2.0


#: Where a click is: the state of its entry, unless it is stored, or a place beside the stream.
EntryState = Literal["unread", "pending", "finished"]
State = EntryState | Literal["stored", "spooled", "dead", "purged", "unknown"]


class SeenEntry(NamedTuple):
    """An entry that a stream holds.

    Attributes:
        consumer: who has it, where it is pending.
    """

    stream: str
    entry: Entry
    state: EntryState
    consumer: str = ""


class Traces(NamedTuple):
    """What is left of a click.

    Attributes:
        click_id: 16 bytes; b'' where what was found is no click.
        entry: as the stream holds it.
        letters: it may have died more than once.
        spooled: names and values in turn, as this host's spool holds them.
        purged: whether its dead letter was deleted for good.
        rows: as often as it is stored, the newest first.
        store_fault: why the table couldn't be asked.
        looked_at: entries that were searched, and whether those were all that it may be among.
        is_search_whole: see ``looked_at``.
        is_salt_kept: whether the secret is still there that its visitor's id was made with.
    """

    click_id: bytes
    entry: SeenEntry | None
    letters: tuple[DeadLetter, ...]
    spooled: tuple[bytes, ...]
    purged: bool
    rows: Rows
    store_fault: ClickHouseError | None
    looked_at: int
    is_search_whole: bool
    is_salt_kept: bool

    @property
    def is_found(self) -> bool:
        """Whether anything is left of it."""
        return bool(self.entry or self.letters or self.spooled or self.rows.click_id or self.purged)

    @property
    def state(self) -> State:
        """How far it has come on its way."""
        if self.rows.click_id:
            return "stored"
        if self.entry:
            return self.entry.state
        if self.spooled:
            return "spooled"
        if self.letters:
            return "dead"
        return "purged" if self.purged else "unknown"

    @property
    def short_code(self) -> str | None:
        """The link's code, None where nothing says it."""
        if self.rows.click_id:
            return self.rows.short_code[0].decode("utf-8", "replace")
        code = self.entered.fields.get(b"short_code") if self.entered else None
        return None if code is None else code.decode("utf-8", "replace")

    @property
    def entered(self) -> Entry | None:
        """The click as it came in, from wherever it is left; None where the row is all."""
        if self.entry:
            return self.entry.entry
        if self.letters:
            return Entry(self.letters[-1].entry_id, self.letters[-1].flat)
        return Entry(b"0-0", list(self.spooled)) if self.spooled else None


class Tracer:
    """Searches without changing anything, and touches nothing of the group.

    Args:
        call: sends one command to Redis; what it raises goes through.
        streams: every shard's, with its group.
        spool: this host's directory.
    """

    def __init__(
        self,
        call: Call,
        streams: Sequence[tuple[str, str]],
        letters: AllDeadLetters,
        spool: Path,
        stored: StoredRows,
    ) -> None:
        self._call = call
        self._streams = streams
        self._letters = letters
        self._spool = spool
        self._stored = stored
        self._looked_at = 0
        self._is_whole = True

    def find(self, asked: Asked) -> Traces:
        """Return what is left of a click.

        Raises:
            SpoolUnreadable: this host's spool can't be looked at.
        """
        entry, letters, click_id = self._start(asked)
        rows, fault = self._rows(click_id)
        since_ms = time_of(click_id) if click_id else None
        if since_ms is None and rows.time:
            since_ms = rows.time[0]
        if click_id and not asked.entry_id:
            entry = self._search(click_id, since_ms or 0)
            letters = self._letters_of(click_id)
        day = rfc3339(since_ms or 0)[:10]
        return Traces(
            click_id=click_id,
            entry=entry,
            letters=tuple(letters),
            spooled=tuple(self._spooled(click_id)),
            purged=any(click_id == one for _, one in self._letters.purged(0)),
            rows=rows,
            store_fault=fault,
            looked_at=self._looked_at,
            is_search_whole=self._is_whole,
            is_salt_kept=bool(self._call("EXISTS", visitor_salt_key(day))),
        )

    def _letters_of(self, click_id: bytes) -> list[DeadLetter]:
        return [one for one in self._letters.find(Choice()) if _id_of_letter(one) == click_id]

    def _start(self, asked: Asked) -> tuple[SeenEntry | None, list[DeadLetter], bytes]:
        """Return what an id of a stream or of a dead letter names, and the click's own id."""
        if not asked.entry_id:
            return None, [], asked.click_id
        plain = asked.entry_id.partition("@")[0]
        entry = next(self._at(plain), None)
        try:
            letters = [self._letters.get(asked.entry_id)]
        except LetterNotFound:
            named = plain.encode()
            letters = [one for one in self._letters.find(Choice()) if one.entry_id == named]
        if entry:
            return entry, letters, click_ref_of(*entry.entry[:2]).click_id
        return None, letters, _id_of_letter(letters[-1]) if letters else b""

    def _at(self, entry_id: str) -> Iterator[SeenEntry]:
        for stream, group in self._streams:
            for found, flat in self._call("XRANGE", stream, entry_id, entry_id):
                yield self._seen(stream, group, Entry(found, flat))

    def _search(self, click_id: bytes, since_ms: int) -> SeenEntry | None:
        """Look for a click's entry from its own time on: what was spooled came in later."""
        for stream, group in self._streams:
            first = b"%d-0" % max(since_ms - _CLOCKS_MS, 0)
            while page := self._call("XRANGE", stream, first, "+", "COUNT", _PAGE):
                self._looked_at += len(page)
                for entry_id, flat in page:
                    if _is_of(click_id, entry_id, flat):
                        return self._seen(stream, group, Entry(entry_id, flat))
                if self._looked_at >= _MOST_ENTRIES:
                    self._is_whole = False
                    return None
                first = b"(" + page[-1][0]
        return None

    def _seen(self, stream: str, group: str, entry: Entry) -> SeenEntry:
        ends = (entry.entry_id, entry.entry_id)
        delivered = Finished(self._call, stream, group).delivered()
        if delivered is None or parse_id(entry.entry_id) > parse_id(delivered):
            return SeenEntry(stream, entry, "unread")
        if pending := self._call("XPENDING", stream, group, *ends, 1):
            _, consumer, _, deliveries = pending[0]
            held = entry._replace(deliveries=deliveries)
            return SeenEntry(stream, held, "pending", consumer.decode(errors="replace"))
        return SeenEntry(stream, entry, "finished")

    def _rows(self, click_id: bytes) -> tuple[Rows, ClickHouseError | None]:
        nothing = Rows(*([] for _ in Rows._fields))
        if not click_id:
            return nothing, None
        try:
            return self._stored.of_click(click_id, time_of(click_id)), None
        except ClickHouseError as error:
            return nothing, error

    def _spooled(self, click_id: bytes) -> list[bytes]:
        """Return names and values of a click in this host's spool; none where it isn't there."""
        path = spool_path(self._spool)
        if path is None or not click_id:
            return []
        uri = f"{path.absolute().as_uri()}?mode=ro"
        query = "SELECT command FROM clicks WHERE click_id = ?"
        try:
            with closing(sqlite3.connect(uri, timeout=_BUSY_SECONDS, uri=True)) as database:
                found = database.execute(query, (click_id,)).fetchone()
            return _fields_of(found[0]) if found else []
        except (sqlite3.Error, OSError, hiredis.ProtocolError, ValueError) as error:
            raise SpoolUnreadable(f"the spool {path} can't be read: {error}") from error


def _is_of(click_id: bytes, entry_id: bytes, flat: Sequence[bytes]) -> bool:
    # Nearly all entries say their ids; to decode each would take ten times as long.
    if click_id.hex().encode() in flat:
        return True
    return b"click_id" not in flat[::2] and click_ref_of(entry_id, flat).click_id == click_id


def _id_of_letter(letter: DeadLetter) -> bytes:
    return click_ref_of(letter.entry_id, letter.flat).click_id


def _fields_of(command: bytes) -> list[bytes]:
    """Return the fields that the XADD of a spooled click carries."""
    reader = hiredis.Reader()
    reader.feed(command)
    words: list[bytes] = reader.gets()
    return words[words.index(b"*") + 1 :]
