import logging
from collections.abc import Callable, Iterable

from workers.stream import Seen, Stream

logger = logging.getLogger(__name__)

#: A living consumer asks for entries far more often. Before Redis 7.2 one without traffic looks
#: idle too; it loses nothing, for its next read creates it again.
FORGET_AFTER_SECONDS = 600.0
SWEEP_SECONDS = 60.0


class Janitor:
    """Removes consumers that died: every incarnation has a new name, so they would pile up."""

    def __init__(self, stream: Stream, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._sweep_at = clock() + SWEEP_SECONDS

    def sweep_if_due(self) -> None:
        """Once a minute, forget the dead whose pending entries have all been claimed.

        Raises:
            RedisUnavailable, RedisRefused: as the server says.
        """
        if self._clock() < self._sweep_at:
            return
        self._sweep_at = self._clock() + SWEEP_SECONDS
        for name in forgettable(self._stream.consumers()):
            if self._stream.forget(name):
                logger.info("forgot consumer %s, which is gone", name)


def forgettable(consumers: Iterable[Seen]) -> list[str]:
    """Return the names of those that have nothing pending and have long been silent."""
    silent_ms = FORGET_AFTER_SECONDS * 1000
    return [one.name for one in consumers if one.pending == 0 and one.idle_ms > silent_ms]
