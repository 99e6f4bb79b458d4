"""Slot that one consumer of a pool fills, and that its successor fills after it."""

from collections.abc import Callable

from workers.process.backoff import Backoff
from workers.supervisor.process import ConsumerProcess

#: Wait before a dead consumer's successor: the first time, and the longest.
RESPAWN_SECONDS = 0.25
MOST_RESPAWN_SECONDS = 30.0
#: A consumer that lived this long died of something new: its successor comes at once again.
HEALTHY_SECONDS = 60.0
#: Deaths in a row, each before that age, that make a crash loop.
CRASH_LOOP_DEATHS = 3


class Slot:
    """One of the N slots: the consumer that fills it, or when the next one may.

    Attributes:
        consumer: who fills it, None between two.
        predecessor: name of the last one that died here. Its successor is told, so that it can
            take over at once what that one left, instead of waiting until its lease has run out.
        due_at: when the next one may be spawned, as the clock says.
        restarts: how many have died here.
    """

    def __init__(self, number: int, clock: Callable[[], float]) -> None:
        self.number = number
        self.consumer: ConsumerProcess | None = None
        self.predecessor = ""
        self.due_at = 0.0
        self.restarts = 0
        self._clock = clock
        self._backoff = Backoff(RESPAWN_SECONDS, MOST_RESPAWN_SECONDS)
        self._early_deaths = 0

    @property
    def is_crash_looping(self) -> bool:
        """Whether consumers die here as fast as they come."""
        return self._early_deaths >= CRASH_LOOP_DEATHS

    @property
    def is_due(self) -> bool:
        """Whether a consumer is missing and may be spawned."""
        return self.consumer is None and self._clock() >= self.due_at

    def note_life(self) -> None:
        """Take the consumer for healthy once it is old enough."""
        if self.consumer and self.consumer.lived_seconds() >= HEALTHY_SECONDS:
            self._early_deaths = 0
            self._backoff.reset()

    def vacate(self, *, is_failure: bool) -> float:
        """Note that the consumer has ended; return after how many seconds the next one comes."""
        self.note_life()
        if self.consumer:
            self.predecessor = self.consumer.name
        self.consumer = None
        self.restarts += 1
        self._early_deaths += is_failure
        seconds = self._backoff.next_seconds()
        self.due_at = self._clock() + seconds
        return seconds
