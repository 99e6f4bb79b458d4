"""Rows that wait for one insert.

Rule 1: nothing here waits or talks to anyone; the time is passed in.
Rule 2: a batch, once flushed, is not used again; the next one is a new object.
"""

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, Self

from app.clicks.rows import Rows


class Batch:
    """Rows, one a click, and the stream entries that they came from.

    A click that is appended again (its producer sent it twice, or it was read twice) keeps its
    first row; the entry is noted all the same, so that it is acked with the others.

    Attributes:
        is_retry: whether an insert of these rows may have been tried before, here or elsewhere.
    """

    def __init__(self, *, is_retry: bool = False) -> None:
        self.is_retry = is_retry
        # Lists, and tuples once it is closed.
        self._columns: list[Any] = [[] for _ in Rows._fields]
        self._known: set[bytes] = set()
        #: Of the rows, in their order.
        self._entry_ids: list[bytes] = []
        #: Of clicks that had a row already, which follow the entry ids.
        self._repeated: list[tuple[bytes, bytes]] = []
        #: Bytes of the texts that visitors and producers choose, each as large as its row says,
        #: though equal ones may share their memory.
        self.text_bytes = 0
        #: When its oldest row was appended, in monotonic seconds.
        self.since = 0.0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._entry_ids)

    @property
    def entry_count(self) -> int:
        """The number of entries, those of repeated clicks included."""
        return len(self._entry_ids) + len(self._repeated)

    @property
    def rows(self) -> Rows:
        """The rows, oldest append first."""
        return Rows(*self._columns)

    @property
    def entry_ids(self) -> list[bytes]:
        """The entries to ack once the rows are inserted: first one for each row, in their order."""
        if not self._repeated:
            return self._entry_ids
        return list(dict.fromkeys((*self._entry_ids, *(one for one, _ in self._repeated))))

    def append(self, entry_ids: Sequence[bytes], rows: Rows, now: float) -> None:
        """Add the rows of entries, one each; ``now`` is a monotonic time in seconds."""
        if not self:
            self.since = now
        known = self._known
        expected = len(known) + len(rows.click_id)
        if known.isdisjoint(rows.click_id):
            known.update(rows.click_id)
            if len(known) == expected:
                self._extend(entry_ids, rows)
                return
            known.difference_update(rows.click_id)
        self._append_unknown(entry_ids, rows)

    def close(self) -> None:
        """Take up less memory: nothing can be appended any more."""
        self._known = set()
        for position, column in enumerate(self._columns):
            # Of a list clickhouse-driver makes two copies, of a tuple one.
            self._columns[position] = tuple(column)

    def halves(self) -> tuple[Self, Self]:
        """Return two batches to be tried, with half of the rows each and the entries of those."""
        middle = len(self) // 2
        return self._part(slice(middle)), self._part(slice(middle, None))

    def _extend(self, entry_ids: Iterable[bytes], rows: Rows) -> None:
        self._entry_ids += entry_ids
        for column, more in zip(self._columns, rows, strict=True):
            column.extend(more)
        self.text_bytes += _text_bytes(rows)

    def _append_unknown(self, entry_ids: Sequence[bytes], rows: Rows) -> None:
        """Add the rows of clicks that aren't here yet, and the entries of all."""
        is_new = []
        for entry_id, click_id in zip(entry_ids, rows.click_id, strict=True):
            is_new.append(click_id not in self._known)
            self._known.add(click_id)
            if not is_new[-1]:
                self._repeated.append((entry_id, click_id))
        columns: list[list[Any]] = [list(compress(column, is_new)) for column in rows]
        self._extend(compress(entry_ids, is_new), Rows(*columns))

    def _part(self, which: slice) -> Self:
        part = type(self)(is_retry=True)
        part.since = self.since
        part._columns = [column[which] for column in self._columns]
        part._entry_ids = self._entry_ids[which]
        part.text_bytes = _text_bytes(part.rows)
        part._known = set(part.rows.click_id)
        part._repeated = [one for one in self._repeated if one[1] in part._known]
        return part


def _text_bytes(rows: Rows) -> int:
    texts = (rows.short_code, rows.target, rows.referrer, rows.user_agent)
    return sum(sum(map(len, column)) for column in texts)
