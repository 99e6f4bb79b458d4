"""Monitor that takes from the kernel how long those who answer waited for a processor.

`/proc/PID/task/TID/schedstat` tells how long a thread was ready to run while others ran
(Documentation/scheduler/sched-stats.rst). What a process computes itself, or waits for a disk or a
peer, is no part of it, so an event loop that is held up by its own work isn't excused by this.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.chaos.visitors.client_log import now_ms
from tests.support.background import Background

#: Between looks: short beside what a visitor may wait.
_LOOK_SECONDS = 0.02
#: Processes come and go with the faults.
_FIND_SECONDS = 0.5
#: Less than this in one look is how any machine works.
_LEAST_MS = 2.0


class Delay(NamedTuple):
    """How long the processes of one role were kept waiting within a span of Unix milliseconds."""

    from_ms: int
    to_ms: int
    role: str
    waited_ms: float


class RunQueueMonitor(Background):
    """Watches who waits for a processor, as a context manager.

    Args:
        processes: returns the ids of the processes of each role, as they are now.

    Attributes:
        delays: what was seen, in order of their ends; of each role's threads the longest.
    """

    def __init__(self, processes: Callable[[], Mapping[str, Iterable[int]]]) -> None:
        super().__init__()
        self.delays: list[Delay] = []
        self._processes = processes

    def _work(self) -> None:
        watched: list[_Thread] = []
        find_at, looked_ms = 0.0, now_ms()
        while not self._is_over.wait(_LOOK_SECONDS):
            if time.monotonic() >= find_at:
                watched = _joined(watched, _threads(self._processes()))
                find_at = time.monotonic() + _FIND_SECONDS
            from_ms, looked_ms = looked_ms, now_ms()
            self.delays += _look(watched, from_ms, looked_ms)


class _Thread:
    """One thread's own account, read again and again."""

    def __init__(self, role: str, path: Path) -> None:
        self.role, self.path = role, path
        self._seen_ms: float | None = None

    def more_ms(self) -> float:
        """Return how much longer it waited since it was last asked; 0.0 when it is gone."""
        try:
            waited_ms = int(self.path.read_text().split()[1]) / 1e6
        except (OSError, IndexError):
            return 0.0
        more_ms = 0.0 if self._seen_ms is None else waited_ms - self._seen_ms
        self._seen_ms = waited_ms
        return more_ms


def _look(watched: Iterable[_Thread], from_ms: int, to_ms: int) -> Iterator[Delay]:
    longest: dict[str, float] = {}
    for thread in watched:
        longest[thread.role] = max(thread.more_ms(), longest.get(thread.role, 0.0))
    for role, waited_ms in longest.items():
        if waited_ms >= _LEAST_MS:
            yield Delay(from_ms, to_ms, role, waited_ms)


def _threads(processes: Mapping[str, Iterable[int]]) -> Iterator[_Thread]:
    for role, ids in processes.items():
        for one in ids:
            try:
                threads = [thread.id for thread in psutil.Process(one).threads()]
            except (psutil.Error, OSError):
                continue
            for thread in threads:
                yield _Thread(role, Path(f"/proc/{one}/task/{thread}/schedstat"))


def _joined(known: Iterable[_Thread], found: Iterable[_Thread]) -> list[_Thread]:
    by_path = {thread.path: thread for thread in known}
    return [by_path.get(thread.path, thread) for thread in found]
