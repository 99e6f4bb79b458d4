"""Rolling reload that replaces consumers one by one, without a gap."""

import logging
import time
from collections.abc import Callable

from app.config.settings import Settings
from workers.process.backoff import Backoff
from workers.supervisor.pool import WorkerPool
from workers.supervisor.slot import MOST_RESPAWN_SECONDS, RESPAWN_SECONDS, Slot

logger = logging.getLogger(__name__)


class Reload:
    """Replaces the consumers one by one by consumers with other settings, without a gap.

    One is replaced when its successor works, and the next successor is spawned when it has
    drained. Settings with which the first successor can't work are given up, and the old
    consumers stay.

    Attributes:
        is_over: whether it is done, or given up.
        is_accepted: whether a consumer has worked with the new settings.
    """

    def __init__(
        self, pool: WorkerPool, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.is_over = False
        self.is_accepted = False
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._backoff = Backoff(RESPAWN_SECONDS, MOST_RESPAWN_SECONDS)
        self._due_at = 0.0
        self._slot: Slot | None = None

    def step(self) -> None:
        """Go on as far as that is possible now."""
        arriving = self._pool.arriving
        if arriving is None:
            self._replace_next()
        elif arriving.exit_code is not None:
            self._note_failure()
        elif arriving.has_worked:
            self._take_slot()

    def abandon(self) -> None:
        """Go no further; another reload, or a stop, comes first."""
        self._pool.dismiss()
        self.is_over = True

    def _replace_next(self) -> None:
        if self._pool.leaving or self._clock() < self._due_at:
            return
        self._slot = next((slot for slot in self._pool.slots if self._is_old(slot)), None)
        if self._slot:
            self._pool.arrive(self._settings, self._slot)
        else:
            self.is_over = True
            logger.info("reloaded: every consumer has the new settings")

    def _is_old(self, slot: Slot) -> bool:
        if slot.consumer is None:
            # It will be filled by the pool, whose settings these are once they are accepted.
            return not self.is_accepted
        return slot.consumer.settings is not self._settings

    def _take_slot(self) -> None:
        pool, slot = self._pool, self._slot
        if slot is None or slot not in pool.slots:
            # There is one fewer since.
            pool.dismiss()
            return
        pool.leave(slot)
        slot.consumer, pool.arriving = pool.arriving, None
        if not self.is_accepted:
            self.is_accepted = True
            pool.settings = self._settings
            pool.resize(self._settings.consumers)

    def _note_failure(self) -> None:
        self._pool.dismiss()
        if self.is_accepted:
            self._due_at = self._clock() + self._backoff.next_seconds()
            return
        self.is_over = True
        logger.error("a consumer can't work with the new settings: going on with the old ones")
