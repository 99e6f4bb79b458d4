"""Fault of the chaos tool: a row of its table, with how it is begun."""

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from loadtest.faults.injection import Done, Injection, Step
from tests.chaos.faults.plan import Kind
from tests.chaos.testbed.testbed import Testbed


class Begin(Protocol):
    """How a fault is begun."""

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        """Begin the fault, which raises NothingToHit when it can't."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table of faults."""

    kind: Kind
    begin: Begin


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


class Kill:
    """kill -9 of a service with all that it started; it stays down for a while."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        testbed.service(self._service).kill(down_seconds=hold_seconds)
        return Done()


class Signal:
    """A signal to the first process of a service; what that started has to notice by itself."""

    def __init__(self, service: str, number: signal.Signals) -> None:
        self._service = service
        self._number = number

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        testbed.service(self._service).send(self._number)
        return Done()


def fault(
    name: str,
    claims: str,
    holds: tuple[float, float],
    begin: Begin,
    *marks: str,
    shares: str = "",
) -> Fault:
    """Return a row of the table; claims and shares are separated by spaces."""
    claimed, shared = frozenset(claims.split()), frozenset(shares.split())
    return Fault(Kind(name, claimed, holds, frozenset(marks), shared), begin)
