"""Faults of our own processes: killed, asleep, told to leave."""

import signal
from collections.abc import Callable
from random import Random

import psutil

from loadtest.common.processes import of_living
from loadtest.faults.injection import Injection, NothingToHit, Until
from loadtest.faults.processes import freeze, send
from tests.chaos.faults.fault import Kill, Signal, fault
from tests.chaos.faults.plan import KILLS_REDIRECT, MAKES_WAIT, UNHEARD
from tests.chaos.testbed.testbed import LEASE_SECONDS, Testbed

Choose = Callable[[Testbed], list[psutil.Process]]


def _redirect_workers(testbed: Testbed) -> list[psutil.Process]:
    return testbed.redirect.children()


def _consumers(testbed: Testbed) -> list[psutil.Process]:
    return testbed.consumers()


def _workers(testbed: Testbed) -> list[psutil.Process]:
    return [*_supervisor(testbed), *testbed.consumers()]


def _supervisor(testbed: Testbed) -> list[psutil.Process]:
    return [psutil.Process(testbed.workers.pid)] if testbed.workers.is_running else []


def _one(choose: Choose, testbed: Testbed, random: Random) -> list[psutil.Process]:
    candidates = sorted(choose(testbed), key=lambda process: process.pid)
    if not candidates:
        raise NothingToHit
    return [random.choice(candidates)]


class _KillOne:
    """kill -9 of one process; who watches over it brings another."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        return send(_one(self._choose, testbed, random), signal.SIGKILL)


class _Pause:
    """SIGSTOP of one process, or of all, and SIGCONT at the end."""

    def __init__(self, choose: Choose, *, everyone: bool = False) -> None:
        self._choose = choose
        self._everyone = everyone

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        one = _one(self._choose, testbed, random)
        return freeze(self._choose(testbed) if self._everyone else one)


def _take_files(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Let redirect workers open next to nothing more (RLIMIT_NOFILE)."""
    before = dict(of_living(_redirect_workers(testbed), _take_files_of))
    return Until(
        lambda: list(
            of_living(before, lambda worker: worker.rlimit(psutil.RLIMIT_NOFILE, before[worker]))
        )
    )


def _take_files_of(worker: psutil.Process) -> tuple[psutil.Process, tuple[int, int]]:
    before = worker.rlimit(psutil.RLIMIT_NOFILE)
    worker.rlimit(psutil.RLIMIT_NOFILE, (worker.num_fds() + 2, before[1]))
    return worker, before


_ASLEEP = (MAKES_WAIT, UNHEARD)
_BLINK = (0.2, LEASE_SECONDS / 2)
_PAST_LEASE = (LEASE_SECONDS + 1.0, 2 * LEASE_SECONDS + 1.0)

FAULTS = (
    fault(
        "redirect worker killed",
        "redirect",
        (0.0, 0.5),
        _KillOne(_redirect_workers),
        KILLS_REDIRECT,
        MAKES_WAIT,
    ),
    fault("redirect worker asleep", "redirect", (0.1, 3.0), _Pause(_redirect_workers), *_ASLEEP),
    fault(
        "redirect arbiter killed",
        "redirect",
        (0.0, 1.0),
        Signal("redirect", signal.SIGKILL),
        MAKES_WAIT,
    ),
    fault(
        "redirect killed whole",
        "redirect",
        (0.0, 1.0),
        Kill("redirect"),
        KILLS_REDIRECT,
        MAKES_WAIT,
    ),
    fault(
        "redirect reloaded", "redirect", (0.5, 1.5), Signal("redirect", signal.SIGHUP), MAKES_WAIT
    ),
    fault(
        "redirect restarted", "redirect", (1.0, 2.0), Signal("redirect", signal.SIGTERM), MAKES_WAIT
    ),
    fault("redirect short of files", "redirect", (1.0, 5.0), _take_files, *_ASLEEP),
    fault("consumer killed", "consumers", (0.0, 0.5), _KillOne(_consumers)),
    fault("consumer asleep", "consumers", _BLINK, _Pause(_consumers)),
    fault("consumer asleep past its lease", "consumers", _PAST_LEASE, _Pause(_consumers)),
    fault(
        "all consumers asleep past their leases",
        "consumers",
        _PAST_LEASE,
        _Pause(_consumers, everyone=True),
    ),
    fault(
        "workers asleep for long",
        "supervisor consumers",
        (20.0, 60.0),
        _Pause(_workers, everyone=True),
    ),
    fault(
        "supervisor killed", "supervisor consumers", (0.5, 1.0), Signal("workers", signal.SIGKILL)
    ),
    fault("supervisor asleep", "supervisor", (0.5, 6.0), _Pause(_supervisor)),
    fault("workers killed whole", "supervisor consumers", (0.0, 2.0), Kill("workers")),
    fault(
        "workers restarted", "supervisor consumers", (0.5, 1.0), Signal("workers", signal.SIGTERM)
    ),
    fault("workers reloaded", "supervisor consumers", (0.5, 1.5), Signal("workers", signal.SIGHUP)),
)
