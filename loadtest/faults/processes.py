"""Faults of processes: frozen until that is lifted, or sent a signal."""

import signal
from collections.abc import Callable, Sequence

import psutil

from loadtest.common.processes import of_living
from loadtest.faults.injection import Done, Injection, NothingToHit, Until


def freeze(processes: Sequence[psutil.Process]) -> Injection:
    """Stop processes as a debugger does: connections stay open, and nothing is answered.

    Raises:
        NothingToHit: none of them is there.
    """
    _hit(processes, psutil.Process.suspend)
    return Until(lambda: list(of_living(processes, psutil.Process.resume)))


def send(processes: Sequence[psutil.Process], number: signal.Signals) -> Injection:
    """Send processes a signal; SIGKILL for kill -9.

    Raises:
        NothingToHit: none of them is there.
    """
    _hit(processes, lambda process: process.send_signal(number))
    return Done()


def _hit(processes: Sequence[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    if not list(of_living(processes, act)):
        raise NothingToHit("it has just ended")
