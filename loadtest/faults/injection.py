"""Fault under way, which goes on until it is lifted."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

Step = Callable[[], object]


class NothingToHit(Exception):
    """What a fault is aimed at is not there at the moment; the text may say what that is."""


class Injection(Protocol):
    """A fault under way."""

    def renew(self) -> None:
        """Go on with the fault; called all the time, and again after an exception."""

    def lift(self) -> bool:
        """End the fault; tell whether it has struck at all. Called again after an exception."""


class Done:
    """A fault that is over once it has struck; what it hit comes back by itself."""

    def renew(self) -> None:
        pass

    def lift(self) -> bool:
        return True


class Until:
    """A fault that lasts until it is lifted by a function.

    Args:
        renew: does it once more, for what others of the faults may undo.
    """

    def __init__(self, lift: Step, renew: Step = lambda: None) -> None:
        self._lift = lift
        self._renew = renew

    def renew(self) -> None:
        self._renew()

    def lift(self) -> bool:
        self._lift()
        return True


class Steps:
    """A fault of several steps, each so many seconds after the beginning, the last at the end."""

    def __init__(self, steps: Sequence[tuple[float, Step]], last: Step = lambda: None) -> None:
        self._begun_at = time.monotonic()
        self._waiting = sorted(steps, key=lambda step: step[0])
        self._last = last

    def renew(self) -> None:
        while self._waiting and time.monotonic() - self._begun_at >= self._waiting[0][0]:
            self._next()

    def lift(self) -> bool:
        while self._waiting:
            self._next()
        self._last()
        return True

    def _next(self) -> None:
        self._waiting[0][1]()
        del self._waiting[0]
