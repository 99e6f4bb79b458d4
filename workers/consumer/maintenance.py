"""Maintenance loop that forgets gone consumers and trims finished entries."""

import logging
from collections.abc import Callable, Iterable

from app.stores.redis.memory import TRIM_FROM, TRIM_TO, Memory
from workers.stream.admin import ConsumerInfo, StreamAdmin
from workers.stream.stream import Stream

logger = logging.getLogger(__name__)

#: A living consumer asks for entries far more often. Before Redis 7.2 one without traffic looks
#: idle too; it loses nothing, for its next read creates it again.
FORGET_AFTER_SECONDS = 600.0
SWEEP_SECONDS = 10.0
#: Between two looks while memory is short: it may fill by 50 MB a second.
PRESSED_SECONDS = 1.0
#: Between two log lines about that.
SAY_SECONDS = 60.0


class Maintenance:
    """Cleans up after the group: gone consumers, entries that everybody is done with.

    Every incarnation of a consumer has a new name, so they would pile up; and the stream would
    only be trimmed by its bound, which doesn't ask who has read what.

    When Redis' memory is short, finished entries go before their time, oldest first.

    Args:
        horizon_seconds: entries younger than this stay, for a replay.
        now_ms: Unix milliseconds by Redis' clock, which gave the entries their ids. By one of a
            consumer's machine that is a month ahead, all that is finished would be old.
        tasks: what else is done in a sweep, each when it is due.
    """

    def __init__(
        self,
        stream: Stream,
        admin: StreamAdmin,
        horizon_seconds: float,
        clock: Callable[[], float],
        now_ms: Callable[[], int],
        tasks: Iterable[Callable[[], None]] = (),
    ) -> None:
        self._stream = stream
        self._admin = admin
        self._horizon_seconds = horizon_seconds
        self._clock = clock
        self._now_ms = now_ms
        self._tasks = tuple(tasks)
        self._sweep_at = clock() + SWEEP_SECONDS
        self._relieve_at = float("inf")
        self._unsaid = 0
        self._say_at = clock()

    def sweep_if_due(self) -> None:
        """Every ten seconds, clean up, unless another consumer does.

        Raises:
            RedisUnavailable, RedisRefused: as the server says.
        """
        now = self._clock()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_SECONDS
            if self._admin.try_lock(round(SWEEP_SECONDS * 900)):
                self._forget_the_gone()
                self._trim()
                self._relieve()
                for task in self._tasks:
                    task()
        elif now >= self._relieve_at:
            self._relieve()

    def _forget_the_gone(self) -> None:
        for name in forgettable(self._admin.consumers()):
            if self._stream.forget(name):
                logger.info("forgot consumer %s, which is gone", name)

    def _trim(self) -> None:
        before_ms = self._now_ms() - round(self._horizon_seconds * 1000)
        while self._admin.trim(max(0, before_ms)):
            continue

    def _relieve(self) -> None:
        """Trim finished entries of any age until memory is no longer short; see memory_marks."""
        memory = self._admin.memory()
        if not memory.reaches(TRIM_FROM):
            self._relieve_at = float("inf")
            return
        self._relieve_at = self._clock() + PRESSED_SECONDS
        while self._admin.memory().reaches(TRIM_TO) and (gone := self._admin.trim_early()):
            self._unsaid += gone
        if self._unsaid and self._clock() >= self._say_at:
            self._say(memory)

    def _say(self, memory: Memory) -> None:
        logger.warning(
            "%d of the %d MB that Redis may use are taken: trimmed %d finished entries before their"
            " time, which a replay can't read any more",
            memory.used_bytes // 1_000_000,
            memory.limit_bytes // 1_000_000,
            self._unsaid,
        )
        self._unsaid = 0
        self._say_at = self._clock() + SAY_SECONDS


def forgettable(consumers: Iterable[ConsumerInfo]) -> list[str]:
    """Return the names of those that have nothing pending and have long been silent."""
    silent_ms = FORGET_AFTER_SECONDS * 1000
    return [one.name for one in consumers if one.pending == 0 and one.idle_ms > silent_ms]
