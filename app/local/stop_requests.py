"""Signals that ask `hopline up` to stop."""

import signal
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    """A context in which Ctrl-C, SIGTERM and a closed terminal are counted, and do nothing else.

    Attributes:
        count: requests so far; the second means now.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, signal.Handlers] = {}

    def __enter__(self) -> "StopRequests":
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._add)  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _add(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
