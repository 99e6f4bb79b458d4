from collections.abc import Callable
from typing import NamedTuple

from workers.entry import Entry
from workers.stream import FIRST_ID, Stream


class Pace(NamedTuple):
    """How much is asked for, and how often.

    Attributes:
        most_entries: as many as one answer may hold.
        block_ms: how long a read waits for entries.
        claim_idle_seconds: entries pending this long are taken over; looked for twice as often.
    """

    most_entries: int
    block_ms: int
    claim_idle_seconds: float


class Intake:
    """Decides which entries come next: our own after an error, then stale ones, then new ones."""

    def __init__(self, stream: Stream, pace: Pace, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._pace = pace
        self._clock = clock
        self._own_after: bytes | None = None
        self._claim_from = FIRST_ID
        self._claim_at = clock()
        self._needs_group = True

    def next(self, within_seconds: float, should_end: Callable[[], bool]) -> list[Entry]:
        """Return entries, or none after ``within_seconds`` or once told to end.

        Raises:
            RedisUnavailable, RedisRefused: as the server says; call :meth:`start_over` then.
        """
        self._ensure_group()
        if self._own_after is not None:
            return self.own()
        seconds_to_claim = self._claim_at - self._clock()
        if seconds_to_claim <= 0:
            return self._claim()
        seconds = min(within_seconds, seconds_to_claim, self._pace.block_ms / 1000)
        # BLOCK 0 would wait for ever.
        return self._stream.read(self._pace.most_entries, max(1, round(seconds * 1000)), should_end)

    def start_over(self) -> None:
        """After an error: see that the group is there, and read what is pending here again."""
        self._needs_group = True
        self._own_after = FIRST_ID

    def own(self) -> list[Entry]:
        """Return the next of our own pending entries; none ends it until the next error."""
        if self._own_after is None:
            return []
        entries, self._own_after = self._stream.own_pending(
            self._pace.most_entries, self._own_after
        )
        return entries

    def _claim(self) -> list[Entry]:
        idle_ms = round(self._pace.claim_idle_seconds * 1000)
        entries, cursor = self._stream.claim(self._pace.most_entries, idle_ms, self._claim_from)
        self._claim_from = cursor or FIRST_ID
        if cursor is None:
            self._claim_at = self._clock() + self._pace.claim_idle_seconds / 2
        return entries

    def _ensure_group(self) -> None:
        if self._needs_group:
            self._stream.ensure_group()
            self._needs_group = False
