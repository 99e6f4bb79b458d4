"""Rows that wait for one insert.

Rule 1: nothing here waits or talks to anyone; the time is passed in.
Rule 2: a batch, once flushed, is not used again; the next one is a new object.
"""

import hashlib
from collections.abc import Sequence
from itertools import compress
from typing import Any, Self

from workers.rows import Rows


class Batch:
    """Rows, one a click, and the stream entries that they came from.

    A click that is appended again (its producer sent it twice, or it was read twice) keeps its
    first row; the entry is noted all the same, so that it is acked with the others.
    """

    def __init__(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in Rows._fields]
        self._known: set[bytes] = set()
        self._entry_ids: list[bytes] = []
        self._clicks_of_entries: list[bytes] = []
        #: When its oldest row was appended, in monotonic seconds.
        self.since = 0.0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._known)

    @property
    def rows(self) -> Rows:
        """The rows, oldest append first."""
        return Rows(*self._columns)

    @property
    def entry_ids(self) -> list[bytes]:
        """The entries to ack once the rows are inserted; each once, oldest append first."""
        return list(dict.fromkeys(self._entry_ids))

    @property
    def token(self) -> str:
        """The same text for the same clicks, in whichever order they came: 32 hex digits."""
        # In the order of their making, which sorts in half the time that the set's takes.
        ids = b"".join(sorted(self.rows.click_id))
        return hashlib.blake2b(ids, digest_size=16).hexdigest()

    def append(self, entry_ids: Sequence[bytes], rows: Rows, now: float) -> None:
        """Add the rows of entries, one each; ``now`` is a monotonic time in seconds."""
        if not self:
            self.since = now
        self._entry_ids += entry_ids
        self._clicks_of_entries += rows.click_id
        known = self._known
        expected = len(known) + len(rows.click_id)
        if known.isdisjoint(rows.click_id):
            known.update(rows.click_id)
            if len(known) == expected:
                self._extend(rows)
                return
            known.difference_update(rows.click_id)
        self._extend(self._unknown(rows))

    def halves(self) -> tuple[Self, Self]:
        """Return two batches with half of the rows each, and with the entries of those."""
        middle = len(self) // 2
        return self._part(slice(middle)), self._part(slice(middle, None))

    def _extend(self, rows: Rows) -> None:
        for column, more in zip(self._columns, rows, strict=True):
            column.extend(more)

    def _unknown(self, rows: Rows) -> Rows:
        """Return the rows of clicks that aren't here yet, each once; from now on they are."""
        is_new = []
        for click_id in rows.click_id:
            is_new.append(click_id not in self._known)
            self._known.add(click_id)
        columns: list[list[Any]] = [list(compress(column, is_new)) for column in rows]
        return Rows(*columns)

    def _part(self, which: slice) -> Self:
        part = type(self)()
        part.since = self.since
        part._columns = [column[which] for column in self._columns]
        part._known = set(part.rows.click_id)
        for entry_id, click_id in zip(self._entry_ids, self._clicks_of_entries, strict=True):
            if click_id in part._known:
                part._entry_ids.append(entry_id)
                part._clicks_of_entries.append(click_id)
        return part
