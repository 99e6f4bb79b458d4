"""Replay that processes clicks again, by today's rules, without changing any count.

Rule 1: first the stream, or one shard of it after the other, where the entries are as they came;
        then the table, for the clicks whose entries are gone. Rows that the first pass has replaced
        are newer than the replay's beginning, and the second leaves them alone.
Rule 2: a new row has the key of the old one and a newer ``enriched_at``, so that it replaces it:
        counts of distinct clicks and of visitors stay as they were.
Rule 3: nothing of the group is touched. What it has not finished is left to it, and what is in
        the dead letters to `hopline dead`.
Rule 4: what was inserted is noted afterwards. A replay that was killed goes on there, and does a
        page again at most.
"""

import gc
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.shards import open_all_dead_letters
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from workers.consumer.processor import Processor
from workers.enrich.salts import Salts
from workers.process.backoff import Backoff
from workers.replay.checkpoint import Notes
from workers.replay.enrichers import make_enrichers
from workers.replay.finished_entries import FinishedEntries, milliseconds
from workers.replay.stored_clicks import StoredClicks
from workers.replay.stream_pass import StreamPass
from workers.replay.table_pass import TablePass
from workers.stream.names import Names

logger = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS = 0.2
_MOST_WAIT_SECONDS = 5.0
#: How long a store may be away before a replay gives up; it goes on when it is run again.
_PATIENCE_SECONDS = 120.0
#: Objects made after which Python looks for cycles: more than a page has.
_NEW_OBJECTS = 1_000_000
_AWAY = (RedisUnavailable, ClickHouseUnavailable)

#: Is given the notes after each step.
Note = Callable[[Notes], None]
#: Is told what is read, the stream or the table, and which share of it is done, from 0 to 1.
Watch = Callable[[str, float], None]

_Answer = TypeVar("_Answer")


class Replay:
    """Two passes over the clicks of a time; a step is tried again while a store is away.

    What is counted: ``read``, ``replaced``, ``unchanged``, ``newer`` (enriched since it began),
    ``restored`` (finished by the group and nevertheless not in the table), ``unfinished``,
    ``dead`` (left to `hopline dead`), ``unusable`` (by today's rules no click).
    """

    def __init__(
        self,
        stored: StoredClicks,
        stream_passes: Sequence[StreamPass],
        table_pass: TablePass,
        note: Note,
        watch: Watch,
    ) -> None:
        self._stored = stored
        self._stream_passes = stream_passes
        self._table_pass = table_pass
        self._note = note
        self._watch = watch

    def run(self, notes: Notes) -> None:
        """Go on from the notes to the end; they are changed on the way.

        Raises:
            NothingProcessed: there is no group.
            RedisUnavailable, ClickHouseUnavailable: for longer than the patience.
            RedisRefused, ClickHouseRefused: as the servers say.
        """
        try:
            notes.start_id = notes.start_id or notes.first_id
            with _rare_collections():
                while notes.streams_done < len(self._stream_passes):
                    self._read_stream(notes)
                self._read_table(notes)
        finally:
            self._stored.close()

    def _read_stream(self, notes: Notes) -> None:
        count, stream_pass = len(self._stream_passes), self._stream_passes[notes.streams_done]
        first_ms = milliseconds(notes.start_id.lstrip(b"("))
        while not notes.is_stream_done:
            _patiently(lambda: stream_pass.step(notes))
            self._note(notes)
            if not notes.is_stream_done:
                done_ms = milliseconds(notes.first_id.lstrip(b"(")) - first_ms
                share = done_ms / max(notes.began_ms - first_ms, 1)
                self._watch("stream", (notes.streams_done + min(share, 1.0)) / count)
        notes.streams_done += 1
        if notes.streams_done < count:
            notes.first_id, notes.is_stream_done = notes.start_id, False
        self._note(notes)

    def _read_table(self, notes: Notes) -> None:
        months = _patiently(lambda: self._stored.months(notes.since_ms, notes.until_ms))
        rows, done = sum(months.values()), 0
        for month in sorted(months):
            if month < notes.month:
                continue
            if month > notes.month:
                notes.month, notes.after = month, None
            while read := _patiently(lambda: self._table_pass.step(notes)):
                self._note(notes)
                done += read
                self._watch("table", done / rows)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Have Python look for cycles rarely, of which a page's many entries and rows have none.

    Looked for as often as usual, they take as long as everything else together.
    """
    first, *others = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *others)
    try:
        yield
    finally:
        gc.set_threshold(first, *others)


def make_replay(settings: Settings, note: Note, watch: Watch, *, is_dry: bool) -> Replay:
    """Put a replay together from settings; with ``is_dry`` it changes nothing.

    Raises:
        BadPlaceDatabase: a file that the settings name is none.
    """
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    client = connect(url, timeout_seconds=timeout_seconds)
    stored = StoredClicks(settings.clickhouse_server, settings.clickhouse_timeout_seconds)
    today = make_enrichers(settings, Salts(client, url).of_day)
    letters = open_all_dead_letters(settings)
    call = caller(client, url, timeout_seconds)
    stream_passes = [
        StreamPass(
            FinishedEntries(call, _names(shard)),
            stored,
            Processor(today.of_entries.enrich, settings.max_deliveries),
            Processor(today.of_lost.enrich, settings.max_deliveries),
            lambda: {click_id for _, click_id in letters.purged(0)},
            is_dry=is_dry,
        )
        for shard in shards_of(settings)
    ]
    return Replay(
        stored,
        stream_passes,
        TablePass(stored, today, is_dry=is_dry),
        note,
        watch,
    )


def _names(shard: Settings) -> Names:
    # It reads as no consumer of the group, and so needs no name.
    return Names(shard.stream, shard.group, "", shard.dead_stream, shard.dead_maxlen)


def _patiently(step: Callable[[], _Answer]) -> _Answer:
    """Take a step, again and again while a store is away, until the patience ends."""
    backoff = Backoff(_FIRST_WAIT_SECONDS, _MOST_WAIT_SECONDS)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return step()
        except _AWAY as error:
            if time.monotonic() > give_up_at:
                raise
            seconds = backoff.next_seconds()
            logger.warning("%s; going on in %.1f s", error, seconds)
            time.sleep(seconds)
