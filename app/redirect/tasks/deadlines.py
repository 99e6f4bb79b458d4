"""Deadlines of many waits that are all allowed the same time: one queue and one timer for all."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

#: Finer steps than this cost more timers than they are worth.
_SHORTEST_TIMER_SECONDS = 0.001


class Waiting(Protocol):
    """Something that waits for an answer.

    Attributes:
        settled: whether the answer came; from then on it can't expire.
    """

    settled: bool

    def expire(self) -> None:
        """Stop waiting, or be added anew. Called once each time, in the hub: it may not block."""


class Deadlines:
    """Expires what has waited too long.

    The time runs from the end of the loop's tick in which waiting began, when the pipeline sends or
    is a moment from it; and what a tick has received is handed over before anything expires. So a
    tick that takes long is not held against Redis.

    Adding costs one append. What settled in time stays referenced until its deadline.
    """

    def __init__(
        self, loop: Any, budget_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.budget_seconds = budget_seconds
        self._loop = loop
        self._clock = clock
        self._new: list[Waiting] = []
        self._waiting: deque[tuple[float, list[Waiting]]] = deque()
        self._timer: Any = None

    def add(self, waiting: Waiting) -> None:
        """Give ``waiting`` the budget from the end of this tick on."""
        if not self._new:
            self._loop.run_callback(self._end_tick)
        self._new.append(waiting)

    def _end_tick(self) -> None:
        self._waiting.append((self._clock() + self.budget_seconds, self._new))
        self._new = []
        if self._timer is None:
            self._start_timer(self.budget_seconds)

    def _start_timer(self, delay_seconds: float) -> None:
        self._timer = self._loop.timer(max(delay_seconds, _SHORTEST_TIMER_SECONDS))
        # Through a callback, because libev runs timers before what was received in the same tick.
        self._timer.start(self._loop.run_callback, self._expire_due)

    def _expire_due(self) -> None:
        self._timer.close()
        self._timer = None
        now = self._clock()
        waiting = self._waiting
        while waiting and waiting[0][0] <= now:
            for due in waiting.popleft()[1]:
                if not due.settled:
                    due.expire()
        if waiting and self._timer is None:
            self._start_timer(waiting[0][0] - now)
