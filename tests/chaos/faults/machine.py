"""Faults of the machine: its clock is set, its disks run full."""

import time
from random import Random

from loadtest.faults.injection import Injection, Until
from tests.chaos.faults.fault import fault
from tests.chaos.faults.plan import MAKES_WAIT, PARTS_CLOCKS, REDIS_AWAY
from tests.chaos.testbed.testbed import MACHINES, Testbed

#: By how much a clock that was wrong is set: below a lease, above it, and by an hour.
_STEPS_SECONDS = (2, 45, 3600)
_DAY_SECONDS = 86_400
_BEFORE_MIDNIGHT_SECONDS = 2


class _Clock:
    """Sets the clock of all machines ahead or back, and right again at the end: two steps."""

    def __init__(self, sign: int) -> None:
        self._sign = sign

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        return _set_clocks(testbed, MACHINES, self._sign * random.choice(_STEPS_SECONDS))


def _part_clocks(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Set the clock of one machine alone, so that no two parts agree on the time."""
    seconds = random.choice((-1, 1)) * random.choice(_STEPS_SECONDS)
    return _set_clocks(testbed, (random.choice(MACHINES),), seconds)


def _midnight(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Set the clock to just before midnight (UTC), so that a day begins, and right again."""
    left = _DAY_SECONDS - int(time.time()) % _DAY_SECONDS
    return _set_clocks(testbed, MACHINES, left - _BEFORE_MIDNIGHT_SECONDS)


def _set_clocks(testbed: Testbed, machines: tuple[str, ...], seconds: int) -> Injection:
    def set_to(offset_seconds: int) -> None:
        for machine in machines:
            testbed.warps[machine].set_clock(offset_seconds)

    set_to(seconds)
    return Until(lambda: set_to(0))


def _block_log(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have nobody read what redirect logs, with the pipe full."""
    testbed.log_pipe.block()
    return Until(testbed.log_pipe.flow)


def _crowd(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have twice as many visitors come."""
    testbed.visit(crowd=2.0)
    return Until(testbed.visit)


def _hostile(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have many visitors send the largest and oddest heads that are accepted."""
    testbed.visit(hostile=0.4)
    return Until(testbed.visit)


class _Disk:
    """Lets files in a folder of a machine take no more bytes (ENOSPC)."""

    def __init__(self, machine: str, folder: str) -> None:
        self._machine = machine
        self._folder = folder

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        warp = testbed.warps[self._machine]
        warp.fill(f"/{self._folder}/")
        return Until(lambda: warp.fill(""))


FAULTS = (
    fault("clock ahead", "clock", (1.0, 6.0), _Clock(1), MAKES_WAIT, PARTS_CLOCKS),
    fault("clock back", "clock", (1.0, 6.0), _Clock(-1), MAKES_WAIT, PARTS_CLOCKS),
    fault("clock of one machine", "clock", (1.0, 8.0), _part_clocks, MAKES_WAIT, PARTS_CLOCKS),
    fault("midnight", "clock", (4.0, 8.0), _midnight, MAKES_WAIT, PARTS_CLOCKS),
    # Clicks that Redis doesn't take wait in the memory of the redirect workers meanwhile.
    fault(
        "disk of the spool full", "disk", (1.0, 8.0), _Disk("redirect", "spool"), shares="redirect"
    ),
    fault(
        "disk of redis full", "disk redis", (1.0, 4.0), _Disk("redis", "appendonlydir"), REDIS_AWAY
    ),
    fault("log of redirect blocked", "log", (2.0, 10.0), _block_log),
    fault("crowd of visitors", "visitors", (2.0, 8.0), _crowd),
    fault("hostile visitors", "visitors", (3.0, 10.0), _hostile),
)
