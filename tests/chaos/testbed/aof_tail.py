"""Tail of an append-only file, cut as a crash of the machine does with AOF everysec."""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.support.background import Background

_LOOK_SECONDS = 0.05
#: What AOF everysec may lose.
_TAIL_SECONDS = 1.0


class AofTail(Background):
    """Knows how the append-only file of a server grew while the context lasts."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._directory = directory / "appendonlydir"
        self._sizes: deque[tuple[float, Path, int]] = deque(maxlen=64)

    def cut(self, random: Random) -> int:
        """Cut off some of what was written in the last second; return how many bytes went.

        The server must not be running. Where the file is younger than that, nothing is cut.
        """
        path = self._newest()
        since = self._clock() - _TAIL_SECONDS
        sizes = [size for at, seen, size in list(self._sizes) if seen == path and at >= since]
        if path is None or not sizes:
            return 0
        whole = path.stat().st_size
        left = random.randint(min(*sizes, whole), whole)
        with path.open("r+b") as file:
            file.truncate(left)
        return whole - left

    def _work(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            path = self._newest()
            # A rewrite of the file may end between the two looks.
            with contextlib.suppress(FileNotFoundError):
                if path is not None:
                    self._sizes.append((self._clock(), path, path.stat().st_size))

    def _newest(self) -> Path | None:
        """Return the file that commands are appended to: the one with the highest number."""
        files = self._directory.glob("appendonly.aof.*.incr.aof")
        return max(files, key=lambda path: int(path.name.split(".")[2]), default=None)
