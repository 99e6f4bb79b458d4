"""First pass that replays the entries which the stream still holds."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set

from app.clicks.entry import Entry
from app.clicks.rows import Rows
from workers.consumer.processor import Processor
from workers.replay.changes import Changes
from workers.replay.checkpoint import Notes
from workers.replay.finished_entries import FinishedEntries
from workers.replay.rows import from_stream, pick
from workers.replay.stored_clicks import StoredClicks

#: Entries dealt with at once. Their rows are spread over all links, so that ClickHouse reads nearly
#: as much for 2,000 of them: of a month of 7 million clicks 2.5 million rows.
_ENTRIES = 50_000


class StreamPass:
    """Replays entries, which are as they came: address, language and purpose are all there.

    Every method raises what its collaborators raise; nothing is noted then.

    Args:
        processor: makes rows; their visitor ids are not used.
        restorer: makes rows of clicks that are not in the table, with visitor ids of their day.
        purged: returns the ids of clicks that someone deleted for good as dead letters.
        is_dry: whether to change nothing.
    """

    def __init__(
        self,
        entries: FinishedEntries,
        stored: StoredClicks,
        processor: Processor,
        restorer: Processor,
        purged: Callable[[], Set[bytes]],
        *,
        is_dry: bool,
    ) -> None:
        self._entries = entries
        self._stored = stored
        self._processor = processor
        self._restorer = restorer
        self._purged = purged
        self._is_dry = is_dry

    def step(self, notes: Notes) -> None:
        """Replay the next entries, and note how far it is."""
        page = self._entries.page(notes.first_id, notes.last_id, _ENTRIES)
        counts, changed = Counter(unfinished=page.unfinished), Changes()
        processed = self._processor.process(page.entries, notes.began_ms)
        if processed.dead:
            counts += self._given_up([entry.entry_id for entry, _ in processed.dead])
        by_id = {entry.entry_id: entry for entry in page.entries}
        for entry_ids, rows in processed.good:
            entries = {
                click_id: by_id[entry_id]
                for click_id, entry_id in zip(rows.click_id, entry_ids, strict=True)
            }
            if self._is_dry:
                notes.met.update(rows.click_id)
            stored = self._stored.of_clicks(rows)
            counts += self._replace(rows, stored, notes.began_ms, changed)
            known = set(stored.click_id)
            absent = {
                click_id: entry for click_id, entry in entries.items() if click_id not in known
            }
            counts += self._restore(absent, notes.began_ms)
        notes.advance(counts, changed)
        if page.last_id:
            notes.first_id = b"(" + page.last_id
        else:
            notes.is_stream_done = True

    def _replace(self, fresh: Rows, stored: Rows, began_ms: int, changed: Changes) -> Counter[str]:
        """Replace rows by fresh ones of the same clicks."""
        positions = {click_id: position for position, click_id in enumerate(fresh.click_id)}
        old_at = [at for at, made in enumerate(stored.enriched_at) if made < began_ms]
        newer = sum(made > began_ms for made in stored.enriched_at)
        counts = Counter(read=len(old_at) + newer, newer=newer)
        if not old_at:
            return counts
        old = pick(stored, old_at)
        new = from_stream(pick(fresh, [positions[click_id] for click_id in old.click_id]), old)
        if not self._is_dry:
            self._stored.replace(new)
        changed += Changes.between(old, new)
        return counts + Counter(replaced=len(old_at))

    def _restore(self, absent: Mapping[bytes, Entry], began_ms: int) -> Counter[str]:
        """Put clicks into the table that the group has finished and that are not there."""
        if not absent:
            return Counter()
        dead = self._entries.with_dead_letter([entry.entry_id for entry in absent.values()])
        purged = self._purged()
        lost = [
            entry
            for click_id, entry in absent.items()
            if entry.entry_id not in dead and click_id not in purged
        ]
        if not self._is_dry:
            for _, rows in self._restorer.process(lost, began_ms).good:
                self._stored.restore(rows)
        return Counter(read=len(lost), restored=len(lost), dead=len(absent) - len(lost))

    def _given_up(self, entry_ids: Sequence[bytes]) -> Counter[str]:
        dead = len(self._entries.with_dead_letter(entry_ids))
        return Counter(dead=dead, unusable=len(entry_ids) - dead)
