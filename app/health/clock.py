"""Check that compares the clocks of two machines, as clicks, expiries and reports meet both."""

import time
from collections.abc import Callable

from app.health.check import Check, fail, ok, warn

#: Seconds of difference; one is what a machine without NTP drifts within weeks.
_WARN_SECONDS = 1.0
_FAIL_SECONDS = 60.0


def measure_skew(remote: Callable[[], float], here: Callable[[], float] = time.time) -> float:
    """Return by how many seconds a remote clock is ahead of this host's, the way halved."""
    asked = here()
    told = remote()
    return told - (asked + here()) / 2


def judge_skew(name: str, ahead_seconds: float) -> Check:
    """Judge by how many seconds a server's clock is ahead of this host's."""
    text = f"{abs(ahead_seconds):.1f} s {'ahead of' if ahead_seconds > 0 else 'behind'} this host"
    mend = "set the clocks by NTP on both machines"
    if abs(ahead_seconds) > _FAIL_SECONDS:
        return fail(name, text, mend)
    if abs(ahead_seconds) > _WARN_SECONDS:
        return warn(name, text, mend)
    return ok(name, "as on this host")
