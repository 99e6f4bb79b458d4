"""Queue that holds signals until the loop asks for them."""

import math
import select
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Self


class Signals:
    """Signals of this process as a queue, as a context manager for its main thread.

    Python's own wake-up descriptor writes each signal's number into a socket, so that whoever
    waits for the socket wakes up, and the handlers themselves have nothing to do.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = frozenset(numbers)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _only_wake) for number in self._numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def fileno(self) -> int:
        """Return the descriptor that is readable while signals wait."""
        return self._reader.fileno()

    def take(self) -> list[signal.Signals]:
        """Return the signals that came since the last call, oldest first; never waits."""
        try:
            numbers = self._reader.recv(4096)
        except BlockingIOError:
            return []
        return [signal.Signals(number) for number in numbers if number in self._numbers]

    def wait(self, seconds: float) -> None:
        """Wait for a signal, at most so long; it stays in the queue."""
        select.select([self._reader], [], [], max(0.0, seconds))


class Stop:
    """Whether a process was told to stop, and how much time that may take.

    Args:
        signals: any of them means stop.
        drain_seconds: how long stopping may take, from the moment that it is noticed.
    """

    def __init__(self, signals: Signals, drain_seconds: float, clock: Callable[[], float]) -> None:
        self._signals = signals
        self._drain_seconds = drain_seconds
        self._clock = clock
        self._deadline: float | None = None

    def is_asked(self) -> bool:
        """Tell whether to stop."""
        if self._deadline is None and self._signals.take():
            self._deadline = self._clock() + self._drain_seconds
        return self._deadline is not None

    def is_overdue(self) -> bool:
        """Tell whether stopping has taken all the time that it may."""
        return self.is_asked() and self._clock() >= (self._deadline or 0.0)

    def wait(self, seconds: float, most_seconds: float = math.inf) -> None:
        """Wait for what is so many seconds away; less if told to stop meanwhile.

        What is further away than the deadline is of no use to a stop, which then is overdue at
        once.

        Args:
            most_seconds: the caller has to do something else by then, and calls again.
        """
        if self._deadline is None:
            self._signals.wait(min(seconds, most_seconds))
            return
        now = self._clock()
        if now + seconds >= self._deadline:
            self._deadline = now
            return
        # One more signal changes nothing, and left in the queue it would end every wait.
        self._signals.take()
        self._signals.wait(min(seconds, most_seconds))


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """Let Python write the number into the wake-up descriptor, and do nothing else."""
