"""Rolling reload that replaces consumers one by one, without a gap."""

import logging
import time
from collections.abc import Callable

from app.config.settings import Settings
from workers.process.backoff import Backoff
from workers.supervisor.pool import Crew
from workers.supervisor.slot import MOST_RESPAWN_SECONDS, RESPAWN_SECONDS, Place

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
        self, crew: Crew, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.is_over = False
        self.is_accepted = False
        self._crew = crew
        self._settings = settings
        self._clock = clock
        self._backoff = Backoff(RESPAWN_SECONDS, MOST_RESPAWN_SECONDS)
        self._due_at = 0.0
        self._place: Place | None = None

    def step(self) -> None:
        """Go on as far as that is possible now."""
        arriving = self._crew.arriving
        if arriving is None:
            self._replace_next()
        elif arriving.exit_code is not None:
            self._note_failure()
        elif arriving.has_worked:
            self._take_place()

    def abandon(self) -> None:
        """Go no further; another reload, or a stop, comes first."""
        self._crew.dismiss()
        self.is_over = True

    def _replace_next(self) -> None:
        if self._crew.leaving or self._clock() < self._due_at:
            return
        self._place = next((place for place in self._crew.places if self._is_old(place)), None)
        if self._place:
            self._crew.arrive(self._settings, self._place)
        else:
            self.is_over = True
            logger.info("reloaded: every consumer has the new settings")

    def _is_old(self, place: Place) -> bool:
        if place.consumer is None:
            # It will be filled by the crew, whose settings these are once they are accepted.
            return not self.is_accepted
        return place.consumer.settings is not self._settings

    def _take_place(self) -> None:
        crew, place = self._crew, self._place
        if place is None or place not in crew.places:
            # There is one fewer since.
            crew.dismiss()
            return
        crew.leave(place)
        place.consumer, crew.arriving = crew.arriving, None
        if not self.is_accepted:
            self.is_accepted = True
            crew.settings = self._settings
            crew.resize(self._settings.consumers)

    def _note_failure(self) -> None:
        self._crew.dismiss()
        if self.is_accepted:
            self._due_at = self._clock() + self._backoff.next_seconds()
            return
        self.is_over = True
        logger.error("a consumer can't work with the new settings: going on with the old ones")
