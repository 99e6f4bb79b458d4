"""Watches how large the redirect workers become."""

import psutil

from tests.chaos.background import Background
from tests.chaos.stage import Stage

_LOOK_SECONDS = 1.0


class Memory(Background):
    """The most memory that one redirect worker ever held, as a context manager.

    Attributes:
        largest_bytes: resident, as `ps` shows it.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.largest_bytes = 0
        self._stage = stage

    def _work(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            sizes = map(_resident_bytes, self._stage.redirect.children())
            self.largest_bytes = max(self.largest_bytes, *sizes, 0)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
