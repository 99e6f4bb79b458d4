"""Injection of a fault, which goes on until it is lifted."""

from collections.abc import Callable
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
