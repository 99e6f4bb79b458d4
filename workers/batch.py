"""Rows that wait for one insert.

Rule 1: nothing here waits or talks to anyone; the time is passed in.
Rule 2: a batch, once flushed, is not used again; the next one is a new object.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Self

from workers.row import Row


class Batch:
    """Rows, one a click, and the stream entries that they came from.

    A click that is appended again (its producer sent it twice, or it was read twice) keeps its
    first row; the entry is noted all the same, so that it is acked with the others.
    """

    def __init__(self, max_rows: int, max_seconds: float) -> None:
        self._max_rows = max_rows
        self._max_seconds = max_seconds
        self._rows: dict[bytes, Row] = {}
        self._click_ids: dict[bytes, bytes] = {}
        self._since = 0.0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    @property
    def rows(self) -> list[Row]:
        """The rows, oldest append first."""
        return list(self._rows.values())

    @property
    def entry_ids(self) -> list[bytes]:
        """The entries to ack once the rows are inserted; each once, oldest append first."""
        return list(self._click_ids)

    @property
    def is_full(self) -> bool:
        """Whether it holds the rows of a whole insert; it never refuses one more."""
        return len(self._rows) >= self._max_rows

    @property
    def token(self) -> str:
        """The same text for the same clicks, in whichever order they came: 32 hex digits."""
        return hashlib.blake2b(b"".join(sorted(self._rows)), digest_size=16).hexdigest()

    def append(self, entry_id: bytes, row: Row, now: float) -> None:
        """Add a row; ``now`` is a monotonic time in seconds, as in :meth:`is_due`."""
        if not self._rows:
            self._since = now
        self._rows.setdefault(row.click_id, row)
        self._click_ids[entry_id] = row.click_id

    def is_due(self, now: float) -> bool:
        """Tell whether the oldest row has waited long enough; an empty batch is never due."""
        return bool(self._rows) and self.seconds_left(now) <= 0

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the batch is due: infinity while it is empty."""
        if not self._rows:
            return float("inf")
        return self._since + self._max_seconds - now

    def columns(self) -> Sequence[list[Any]]:
        """Return one list of values for each of :class:`Row`'s fields."""
        return [list(column) for column in zip(*self._rows.values(), strict=True)]

    def halves(self) -> tuple[Self, Self]:
        """Return two batches with half of the rows each, and with the entries of those."""
        rows = self.rows
        middle = len(rows) // 2
        return self._part(rows[:middle]), self._part(rows[middle:])

    def _part(self, rows: list[Row]) -> Self:
        part = type(self)(self._max_rows, self._max_seconds)
        part._since = self._since
        part._rows = {row.click_id: row for row in rows}
        part._click_ids = {
            entry_id: click_id
            for entry_id, click_id in self._click_ids.items()
            if click_id in part._rows
        }
        return part
