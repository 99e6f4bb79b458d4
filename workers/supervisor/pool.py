"""Pool that holds the consumer processes of one supervisor."""

import logging
import time
from collections.abc import Callable

from app.config.settings import Settings
from app.config.shards import shards_of
from app.metrics.workers import SupervisorMetrics
from workers.consumer.bootstrap import BOOT_FAILED
from workers.supervisor.process import ConsumerProcess, how_it_ended
from workers.supervisor.slot import Slot

logger = logging.getLogger(__name__)

Spawn = Callable[[int, Settings, str], ConsumerProcess]


class WorkerPool:
    """The consumers: slots to be kept filled, one who arrives, and those who leave.

    Args:
        spawn: as :class:`ConsumerProcess`: number of the slot, settings, predecessor.

    Attributes:
        settings: with which the next consumer is spawned.
        slots: as many as there should be consumers.
        arriving: who will replace the consumer of a slot once it works, see :mod:`reload`.
        leaving: those who were told to end, and whose slots are another's or gone.
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
        self.slots: list[Slot] = []
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
        placed = [slot.consumer for slot in self.slots if slot.consumer]
        return [*placed, *([self.arriving] if self.arriving else []), *self.leaving]

    def resize(self, count: int) -> None:
        """Have so many slots from now on, at least one a stream; who loses its slot drains."""
        wanted = max(len(shards_of(self.settings)), count)
        for number in range(len(self.slots) + 1, wanted + 1):
            self.slots.append(Slot(number, self._clock))
        while len(self.slots) > wanted:
            self.leave(self.slots.pop())

    def leave(self, slot: Slot) -> None:
        """Have the consumer of a slot drain; the slot is free at once."""
        if slot.consumer:
            slot.consumer.drain()
            self.leaving.append(slot.consumer)
            slot.consumer = None

    def tend(self) -> None:
        """Reap who has ended, kill who hangs, fill the slots whose time has come."""
        self.reap()
        for consumer in self.living():
            self._metrics.consumers_hung.inc(consumer.look())
        for slot in self.slots:
            slot.note_life()
            if slot.is_due:
                slot.consumer = self._spawn(slot.number, self.settings, slot.predecessor)

    def reap(self) -> None:
        """Let go of consumers that have ended; all that was asked of one is that it ends."""
        for slot in self.slots:
            if slot.consumer and slot.consumer.exit_code is not None:
                self._reap(slot, slot.consumer)
        for consumer in [one for one in self.leaving if one.exit_code is not None]:
            self.leaving.remove(consumer)
            _log_end(consumer)
            consumer.close()

    def arrive(self, settings: Settings, slot: Slot) -> None:
        """Spawn who may replace the consumer of a slot."""
        self.arriving = self._spawn(slot.number, settings, "")

    def dismiss(self) -> None:
        """Let go of who was to arrive: it has ended, or has to."""
        if self.arriving:
            self.arriving.drain()
            self.leaving.append(self.arriving)
            self.arriving = None

    def drain(self) -> None:
        """Tell everybody to finish and end."""
        self.dismiss()
        for slot in self.slots:
            self.leave(slot)

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
        """Tell whether every slot has a consumer whose loop went round."""
        return all(slot.consumer and slot.consumer.has_worked for slot in self.slots)

    def is_healthy(self) -> bool:
        """Tell whether there is a slot at least whose consumers neither hang nor crash loop."""
        return any(
            not slot.is_crash_looping and not (slot.consumer and slot.consumer.is_hung)
            for slot in self.slots
        )

    def is_restless(self) -> bool:
        """Tell whether somebody is expected to come, to go or to end within moments."""
        placed = [slot.consumer for slot in self.slots]
        is_on_its_way = any(one is None or one.is_hung or not one.has_worked for one in placed)
        return bool(self.arriving or self.leaving) or is_on_its_way

    def show(self) -> None:
        """Bring the gauges up to date."""
        consumers = [slot.consumer for slot in self.slots if slot.consumer]
        working = sum(one.has_worked and not one.is_hung for one in consumers)
        looping = sum(slot.is_crash_looping for slot in self.slots)
        self._metrics.consumers_wanted.set(len(self.slots))
        self._metrics.consumers_working.set(working)
        self._metrics.consumers_crash_looping.set(looping)

    def _reap(self, slot: Slot, consumer: ConsumerProcess) -> None:
        exit_code = consumer.exit_code or 0
        if exit_code != BOOT_FAILED or any(one.has_worked for one in self.living()):
            self._has_worked = True
        self.is_hopeless = not self._has_worked
        self._metrics.consumer_restarts.inc()
        was_crash_looping = slot.is_crash_looping
        seconds = slot.vacate(is_failure=bool(exit_code))
        _log_end(consumer)
        consumer.close()
        if slot.is_crash_looping and not was_crash_looping:
            logger.error(
                "consumer %d is in a crash loop: the next one comes in %.1f s, later ones later",
                slot.number,
                seconds,
            )


def _log_end(consumer: ConsumerProcess) -> None:
    exit_code = consumer.exit_code or 0
    log = logger.error if exit_code else logger.info
    ending = how_it_ended(exit_code, was_killed_by_us=consumer.was_killed)
    log("consumer %d, process %d, %s", consumer.number, consumer.pid, ending)
