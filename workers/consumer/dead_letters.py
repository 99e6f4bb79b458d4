"""Retention that purges dead letters past their bounds."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.dead_letters.letter import MAX_KEPT_BYTES, DeadLetter
from app.dead_letters.store import DeadLetters
from app.metrics.workers import WorkerMetrics
from app.stores.redis.errors import RedisRefused

logger = logging.getLogger(__name__)

#: A turn takes no longer, for the consumer has its clicks to see to.
TURN_SECONDS = 1.0
_DAY_MS = 86_400_000


class LetterBounds(NamedTuple):
    """What dead letters may take up.

    Attributes:
        most_bytes: of Redis' memory, about.
        most_days: their age; 0 for any.
    """

    most: int
    most_bytes: int
    most_days: int

    def surplus(self, count: int, memory_bytes: int) -> int:
        """Return how many of so many letters, which take so much memory, are too many."""
        too_large = max(0, memory_bytes - self.most_bytes)
        # Of letters of their average size; what that misses is seen in the next turn.
        return max(count - self.most, -(-too_large * count // memory_bytes) if too_large else 0)

    def doomed(
        self, oldest: Sequence[DeadLetter], surplus: int, now_ms: int
    ) -> Sequence[DeadLetter]:
        """Return those of the oldest letters, oldest first, that are too many or too old."""
        first_ms = now_ms - self.most_days * _DAY_MS if self.most_days else 0
        too_old = sum(one.died_ms < first_ms for one in oldest)
        return oldest[: max(surplus, too_old)]


class Letters:
    """Throws the oldest dead letters away: whole addresses are in them, and they take up memory.

    Each is purged as by hand, so that the ledger counts its click as dead, and not as missing.

    Args:
        now_ms: Unix milliseconds by Redis' clock, which gave the letters their ids.
    """

    def __init__(
        self,
        letters: DeadLetters,
        bounds: LetterBounds,
        metrics: WorkerMetrics,
        clock: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._letters = letters
        self._bounds = bounds
        self._metrics = metrics
        self._clock = clock
        self._now_ms = now_ms
        self._may_weigh = True

    def trim(self) -> None:
        """Throw away what is too old or too much; the rest of that in the next turn.

        Raises:
            RedisUnavailable, RedisRefused: as the server says.
        """
        count = self._letters.count()
        if not count:
            return
        surplus = self._bounds.surplus(count, self._weight(count))
        end_at, gone = self._clock() + TURN_SECONDS, 0
        while self._clock() < end_at:
            doomed = self._doomed(surplus - gone)
            for letter in doomed:
                self._letters.purge(letter)
            gone += len(doomed)
            if not doomed:
                break
        self._metrics.dead_letters_trimmed.inc(gone)
        if gone:
            logger.warning("threw %d dead letters away, too old or too many", gone)

    def _doomed(self, surplus: int) -> Sequence[DeadLetter]:
        return self._bounds.doomed(self._letters.oldest(), max(0, surplus), self._now_ms())

    def _weight(self, count: int) -> int:
        if not self._may_weigh or count * MAX_KEPT_BYTES <= self._bounds.most_bytes:
            return 0
        try:
            return self._letters.memory_bytes()
        except RedisRefused as error:
            self._may_weigh = False
            logger.error("dead letters are bounded in number and age alone: %s", error)
            return 0
