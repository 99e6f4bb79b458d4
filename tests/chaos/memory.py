"""Watches how large the redirect workers become."""

import threading
from typing import Self

import psutil

from tests.chaos.stage import Stage

_LOOK_SECONDS = 1.0


class Memory:
    """The most memory that one redirect worker ever held, as a context manager.

    Attributes:
        largest_bytes: resident, as `ps` shows it.
    """

    def __init__(self, stage: Stage) -> None:
        self.largest_bytes = 0
        self._stage = stage
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            sizes = map(_resident_bytes, self._stage.redirect.children())
            self.largest_bytes = max(self.largest_bytes, *sizes, 0)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
