"""Monitor that reads streams as they grow, where their entries don't stay until the end."""

from collections.abc import Callable, Sequence

from redis import Redis
from redis.exceptions import RedisError

from tests.ha.accounts.recording import Entry, Place, read_entries
from tests.support.background import Background

_LOOK_SECONDS = 0.2


class StreamTail(Background):
    """Notes the entries of visitors' clicks, as a context manager.

    Args:
        ask: returns a client, which is the caller's to close.

    Attributes:
        entries: of all streams; in each stream's order.
    """

    def __init__(self, ask: Callable[[], Redis], streams: Sequence[str]) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self._ask = ask
        self._places: dict[str, Place] = dict.fromkeys(streams, "-")

    def _work(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            self._look()
        self._look()

    def _look(self) -> None:
        try:
            with self._ask() as client:
                for stream, place in self._places.items():
                    found, self._places[stream] = read_entries(client, stream, place)
                    self.entries += found
        except RedisError:
            return
