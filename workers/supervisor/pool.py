"""Pool that holds the consumer processes of one supervisor."""

import logging
import time
from collections.abc import Callable, Iterator

from app.config.settings import Settings
from app.metrics.workers import SupervisorMetrics
from workers.consumer.bootstrap import BOOT_FAILED
from workers.supervisor.process import ConsumerProcess, how_it_ended
from workers.supervisor.slot import Place

logger = logging.getLogger(__name__)

Spawn = Callable[[int, Settings, str], ConsumerProcess]


class Crew:
    """The consumers: places to be kept filled, one who arrives, and those who leave.

    Args:
        spawn: as :class:`ConsumerProcess`: number of the place, settings, predecessor.

    Attributes:
        settings: with which the next consumer is spawned.
        places: as many as there should be consumers.
        arriving: who will replace the consumer of a place once it works, see :mod:`reload`.
        leaving: those who were told to end, and whose places are another's or gone.
        is_hopeless: whether the first consumers could not begin: the settings must be wrong.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: SupervisorMetrics,
        clock: Callable[[], float] = time.monotonic,
        spawn: Spawn = ConsumerProcess,
    ) -> None:
        self.settings = settings
        self.places: list[Place] = []
        self.arriving: ConsumerProcess | None = None
        self.leaving: list[ConsumerProcess] = []
        self.is_hopeless = False
        self._metrics = metrics
        self._clock = clock
        self._spawn = spawn
        self._has_worked = False
        self.resize(settings.consumers)

    def living(self) -> list[ConsumerProcess]:
        """Return all that were spawned and not yet reaped."""
        placed = [place.consumer for place in self.places if place.consumer]
        return [*placed, *([self.arriving] if self.arriving else []), *self.leaving]

    def resize(self, count: int) -> None:
        """Have so many places from now on, at least one; who loses its place drains."""
        for number in range(len(self.places) + 1, max(1, count) + 1):
            self.places.append(Place(number, self._clock))
        while len(self.places) > max(1, count):
            self.leave(self.places.pop())

    def leave(self, place: Place) -> None:
        """Have the consumer of a place drain; the place is free at once."""
        if place.consumer:
            place.consumer.drain()
            self.leaving.append(place.consumer)
            place.consumer = None

    def tend(self) -> None:
        """Reap who has ended, kill who hangs, fill the places whose time has come."""
        self.reap()
        for consumer in self.living():
            self._metrics.consumers_hung.inc(consumer.look())
        for place in self.places:
            place.note_life()
            if place.is_due:
                place.consumer = self._spawn(place.number, self.settings, place.predecessor)

    def reap(self) -> None:
        """Let go of consumers that have ended; all that was asked of one is that it ends."""
        for place in self.places:
            if place.consumer and place.consumer.exit_code is not None:
                self._reap(place, place.consumer)
        for consumer in _ended(self.leaving):
            self.leaving.remove(consumer)
            _log_end(consumer)
            consumer.close()

    def arrive(self, settings: Settings, place: Place) -> None:
        """Spawn who may replace the consumer of a place."""
        self.arriving = self._spawn(place.number, settings, "")

    def dismiss(self) -> None:
        """Let go of who was to arrive: it has ended, or has to."""
        if self.arriving:
            self.arriving.drain()
            self.leaving.append(self.arriving)
            self.arriving = None

    def drain(self) -> None:
        """Tell everybody to finish and end."""
        self.dismiss()
        for place in self.places:
            self.leave(place)

    def kill(self) -> bool:
        """Kill and reap what is left after a drain; return whether nothing was."""
        left = self.living()
        for consumer in left:
            consumer.kill()
        for consumer in left:
            consumer.close()
        self.leaving = []
        return not left

    def all_have_worked(self) -> bool:
        """Tell whether every place has a consumer whose loop went round."""
        return all(place.consumer and place.consumer.has_worked for place in self.places)

    def is_healthy(self) -> bool:
        """Tell whether there is a place at least whose consumers neither hang nor crash loop."""
        return any(
            not place.is_crash_looping and not (place.consumer and place.consumer.is_hung)
            for place in self.places
        )

    def is_restless(self) -> bool:
        """Tell whether somebody is expected to come, to go or to end within moments."""
        placed = [place.consumer for place in self.places]
        is_on_its_way = any(one is None or one.is_hung or not one.has_worked for one in placed)
        return bool(self.arriving or self.leaving) or is_on_its_way

    def show(self) -> None:
        """Bring the gauges up to date."""
        consumers = [place.consumer for place in self.places if place.consumer]
        working = sum(one.has_worked and not one.is_hung for one in consumers)
        looping = sum(place.is_crash_looping for place in self.places)
        self._metrics.consumers_wanted.set(len(self.places))
        self._metrics.consumers_working.set(working)
        self._metrics.consumers_crash_looping.set(looping)

    def _reap(self, place: Place, consumer: ConsumerProcess) -> None:
        exit_code = consumer.exit_code or 0
        if exit_code != BOOT_FAILED or any(one.has_worked for one in self.living()):
            self._has_worked = True
        self.is_hopeless = not self._has_worked
        self._metrics.consumer_restarts.inc()
        was_crash_looping = place.is_crash_looping
        seconds = place.vacate(is_failure=bool(exit_code))
        _log_end(consumer)
        consumer.close()
        if place.is_crash_looping and not was_crash_looping:
            logger.error(
                "consumer %d is in a crash loop: the next one comes in %.1f s, later ones later",
                place.number,
                seconds,
            )


def _ended(consumers: list[ConsumerProcess]) -> Iterator[ConsumerProcess]:
    return (consumer for consumer in list(consumers) if consumer.exit_code is not None)


def _log_end(consumer: ConsumerProcess) -> None:
    exit_code = consumer.exit_code or 0
    log = logger.error if exit_code else logger.info
    ending = how_it_ended(exit_code, was_killed_by_us=consumer.was_killed)
    log("consumer %d, process %d, %s", consumer.number, consumer.pid, ending)
