"""Index that tells which entries have a dead letter."""

import math
from collections.abc import Callable, Collection
from typing import Any

from app.stores.scripts import script

#: Letters looked at in one call; of more Redis' other clients would notice.
_PAGE = 100
#: Entries that are remembered; past that it begins anew, with the next that are asked for.
_MOST_KEPT = 200_000
#: A letter is younger than its entry, by Redis' clock; unless that was set back meanwhile.
_SET_BACK_MS = 3_600_000


class DeadLetterIndex:
    """Knows which entries have a dead letter: of a group that was set back, they are read again.

    It reads the letters that are younger than the oldest entry it was asked for, once. What it
    knows holds for as long as Redis keeps what it confirmed: after an error begin with another.

    Args:
        call: sends one command to Redis; whatever it raises is passed on.
    """

    def __init__(self, call: Callable[..., Any], dead_stream: str) -> None:
        self._call = call
        self._dead_stream = dead_stream
        self._script = script("workers.stream", "dead_letter_index")
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._entry_ids: set[bytes] = set()
        self._first_ms: float = math.inf
        self._last_letter = b""
        self._is_up_to_date = False

    def expire(self) -> None:
        """Look for new letters next time: entries were read, which may have had one by then."""
        self._is_up_to_date = False

    def among(self, entry_ids: Collection[bytes]) -> set[bytes]:
        """Return those of some entries that have a letter, or had one."""
        oldest_ms = min(int(entry_id.partition(b"-")[0]) for entry_id in entry_ids)
        if oldest_ms < self._first_ms:
            self._first_ms = oldest_ms
            self._last_letter = b"%d-0" % max(oldest_ms - _SET_BACK_MS, 0)
            self.expire()
        if not self._is_up_to_date:
            self._read_on()
        found = self._entry_ids.intersection(entry_ids)
        if len(self._entry_ids) > _MOST_KEPT:
            self.forget()
        return found

    def _read_on(self) -> None:
        command = ("EVAL", self._script, 1, self._dead_stream)
        while page := self._call(*command, self._last_letter, _PAGE):
            self._last_letter, found = page
            self._entry_ids.update(found)
        self._is_up_to_date = True
