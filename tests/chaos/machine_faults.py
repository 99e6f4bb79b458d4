"""Faults of the machine: its clock is set, its disks run full."""

from random import Random

from tests.chaos.injection import Injection, Until, fault
from tests.chaos.plan import REDIS_AWAY
from tests.chaos.stage import Stage

#: By how much a clock that was wrong is set: below a lease, above it, and by an hour.
_STEPS_SECONDS = (2, 45, 3600)


class _Clock:
    """Sets the clock ahead or back, and right again at the end: two steps."""

    def __init__(self, sign: int) -> None:
        self._sign = sign

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        stage.warp.set_clock(self._sign * random.choice(_STEPS_SECONDS))
        return Until(lambda: stage.warp.set_clock(0))


class _Disk:
    """Lets files in a folder take no more bytes (ENOSPC)."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        stage.warp.fill(f"/{self._folder}/")
        return Until(lambda: stage.warp.fill(""))


FAULTS = (
    fault("clock ahead", "clock", (1.0, 6.0), _Clock(1)),
    fault("clock back", "clock", (1.0, 6.0), _Clock(-1)),
    # Clicks that Redis doesn't take wait in the memory of the redirect workers meanwhile.
    fault("disk of the spool full", "disk redirect", (1.0, 4.0), _Disk("spool")),
    fault("disk of redis full", "disk redis", (1.0, 4.0), _Disk("appendonlydir"), REDIS_AWAY),
)
