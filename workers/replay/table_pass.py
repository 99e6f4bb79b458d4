"""Second pass that replays clicks of which only the row is left."""

from collections import Counter

from app.clicks.rows import Rows
from workers.replay.changes import Changes
from workers.replay.checkpoint import Notes
from workers.replay.enrichers import Enrichers
from workers.replay.rows import (
    as_clicks,
    changed_positions,
    from_table,
    matched_rules,
    pick,
)
from workers.replay.stored_clicks import Keys, StoredClicks, cursor_of

#: Rows dealt with at once.
_ROWS = 10_000


class TablePass:
    """Replays clicks of which only the row is left, as far as that tells.

    Every method raises what its collaborators raise; nothing is noted then.

    Args:
        today: makes rows; their visitor ids are not used.
        is_dry: whether to change nothing.
    """

    def __init__(self, stored: StoredClicks, today: Enrichers, *, is_dry: bool) -> None:
        self._stored = stored
        self._today = today
        self._is_dry = is_dry

    def step(self, notes: Notes) -> int:
        """Replay the next rows of the noted month; return how many there were."""
        place = (notes.month, notes.since_ms, notes.until_ms, notes.after, _ROWS)
        keys = self._stored.keys(*place)
        if not keys.click_id:
            return 0
        # Where the first pass has met all of them, which it mostly has, nothing more is read.
        if _old_at(keys, notes):
            return self._replay(self._stored.page(*place), notes)
        newer = sum(made > notes.began_ms for made in keys.enriched_at)
        notes.advance(Counter(read=newer, newer=newer), Changes())
        notes.after = cursor_of(keys)
        return len(keys.click_id)

    def _replay(self, rows: Rows, notes: Notes) -> int:
        """Replay what is old of some rows, and note how far it is; return how many there are."""
        old_at = _old_at(rows, notes)
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
            known = matched_rules(old, self._today.may_be_own)
            fresh = self._today.of_rows.enrich(as_clicks(old), now_ms, known)
            return [(old, from_table(fresh, old, self._today.places))]
        except (ValueError, LookupError):
            if count == 1:
                return []
        middle = count // 2
        first, second = pick(old, range(middle)), pick(old, range(middle, count))
        return self._renewed(first, now_ms) + self._renewed(second, now_ms)


def _old_at(rows: Rows | Keys, notes: Notes) -> list[int]:
    """Return where rows stand that are older than the replay, and that it has not met."""
    made = enumerate(zip(rows.click_id, rows.enriched_at, strict=True))
    return [
        at
        for at, (click_id, made_ms) in made
        if made_ms < notes.began_ms and click_id not in notes.met
    ]
