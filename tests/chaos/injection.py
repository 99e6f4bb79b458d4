"""What every fault has in common."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from tests.chaos.plan import Kind
from tests.chaos.stage import Stage


class NothingToHit(Exception):
    """What the fault is aimed at is not there at the moment, e.g. no consumer runs."""


class Injection(Protocol):
    """A fault under way."""

    def lift(self) -> bool:
        """End the fault; tell whether it has struck at all. Called again after an exception."""


class Begin(Protocol):
    """How a fault is begun."""

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        """Begin the fault, which raises NothingToHit when it can't."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table of faults."""

    kind: Kind
    begin: Begin


class Done:
    """A fault that is over once it has struck; what it hit comes back by itself."""

    def lift(self) -> bool:
        return True


class Until:
    """A fault that lasts until it is lifted by a function."""

    def __init__(self, lift: Callable[[], object]) -> None:
        self._lift = lift

    def lift(self) -> bool:
        self._lift()
        return True


def fault(name: str, claims: str, holds: tuple[float, float], begin: Begin, *marks: str) -> Fault:
    """Return a row of the table; claims are separated by spaces."""
    return Fault(Kind(name, frozenset(claims.split()), holds, frozenset(marks)), begin)
