"""Second pass that replays clicks of which only the row is left."""

from collections import Counter

from workers.clickhouse.rows import Rows
from workers.enrich.enricher import Enricher
from workers.replay.changes import Changes
from workers.replay.checkpoint import Notes
from workers.replay.rows import (
    as_clicks,
    changed_positions,
    from_table,
    matched_rules,
    pick,
)
from workers.replay.stored_clicks import StoredClicks, cursor_of
from workers.replay.stored_places import StoredPlaces

#: Rows dealt with at once.
_ROWS = 10_000


class TablePass:
    """Replays clicks of which only the row is left, as far as that tells.

    Every method raises what its collaborators raise; nothing is noted then.

    Args:
        enricher: makes rows; their visitor ids are not used.
        is_dry: whether to change nothing.
    """

    def __init__(
        self, stored: StoredClicks, enricher: Enricher, places: StoredPlaces, *, is_dry: bool
    ) -> None:
        self._stored = stored
        self._enricher = enricher
        self._places = places
        self._is_dry = is_dry

    def step(self, notes: Notes) -> int:
        """Replay the next rows of the noted month; return how many there were."""
        span = (notes.since_ms, notes.until_ms)
        rows = self._stored.page(notes.month, *span, notes.after, _ROWS)
        if not rows.click_id:
            return 0
        old_at = [
            at
            for at, (click_id, made) in enumerate(zip(rows.click_id, rows.enriched_at, strict=True))
            if made < notes.began_ms and click_id not in notes.met
        ]
        newer = sum(made > notes.began_ms for made in rows.enriched_at)
        counts = Counter(read=newer, newer=newer)
        changed = Changes()
        for old, new in self._renewed(pick(rows, old_at), notes.began_ms):
            at = changed_positions(old, new)
            if not self._is_dry:
                self._stored.replace(pick(new, at))
            changed += Changes.between(old, new)
            counts += Counter(
                read=len(old.click_id), replaced=len(at), unchanged=len(old.click_id) - len(at)
            )
        unusable = newer + len(old_at) - counts["read"]
        notes.advance(counts + Counter(unusable=unusable), changed)
        notes.after = cursor_of(rows)
        return len(rows.click_id)

    def _renewed(self, old: Rows, now_ms: int) -> list[tuple[Rows, Rows]]:
        """Return old and new rows in pieces, without those that no rule can be asked about.

        Whoever wrote a row may have put anything into it, e.g. a user agent that is no text. But
        types are the table's, so what is wrong with one is our own fault, and ends the replay.
        """
        count = len(old.click_id)
        if not count:
            return []
        try:
            fresh = self._enricher.enrich(as_clicks(old), now_ms, matched_rules(old))
            return [(old, from_table(fresh, old, self._places))]
        except (ValueError, LookupError):
            if count == 1:
                return []
        middle = count // 2
        first, second = pick(old, range(middle)), pick(old, range(middle, count))
        return self._renewed(first, now_ms) + self._renewed(second, now_ms)
