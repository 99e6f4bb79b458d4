"""Faults of our own processes: killed, asleep, told to leave."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from random import Random

import psutil

from tests.chaos.injection import Done, Injection, NothingToHit, Until, fault
from tests.chaos.plan import KILLS_REDIRECT, MAKES_WAIT, UNHEARD
from tests.chaos.stage import LEASE_SECONDS, Stage

Choose = Callable[[Stage], list[psutil.Process]]


def _redirect_workers(stage: Stage) -> list[psutil.Process]:
    return stage.redirect.children()


def _consumers(stage: Stage) -> list[psutil.Process]:
    return stage.consumers()


def _workers(stage: Stage) -> list[psutil.Process]:
    return [*_supervisor(stage), *stage.consumers()]


def _supervisor(stage: Stage) -> list[psutil.Process]:
    return [psutil.Process(stage.workers.pid)] if stage.workers.is_running else []


def _one(choose: Choose, stage: Stage, random: Random) -> psutil.Process:
    candidates = sorted(choose(stage), key=lambda process: process.pid)
    if not candidates:
        raise NothingToHit
    return random.choice(candidates)


class _Kill:
    """kill -9 of one process; who watches over it brings another."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        with _present():
            _one(self._choose, stage, random).kill()
        return Done()


class _Pause:
    """SIGSTOP of one process, or of all, and SIGCONT at the end."""

    def __init__(self, choose: Choose, *, everyone: bool = False) -> None:
        self._choose = choose
        self._everyone = everyone

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        one = _one(self._choose, stage, random)
        asleep = self._choose(stage) if self._everyone else [one]
        for process in asleep:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        return Until(lambda: _wake(asleep))


def _wake(asleep: list[psutil.Process]) -> None:
    for process in asleep:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()


@contextlib.contextmanager
def _present() -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        raise NothingToHit from None


def _kill_redirect(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.redirect.kill(down_seconds=hold_seconds)
    return Done()


def _kill_redirect_arbiter(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.redirect.kill_alone()
    return Done()


def _reload_redirect(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.redirect.send(signal.SIGHUP)
    return Done()


def _restart_redirect(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.redirect.send(signal.SIGTERM)
    return Done()


def _kill_supervisor(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.workers.kill_alone()
    return Done()


def _kill_workers(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.workers.kill(down_seconds=hold_seconds)
    return Done()


def _restart_workers(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.workers.send(signal.SIGTERM)
    return Done()


def _reload_workers(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.workers.send(signal.SIGHUP)
    return Done()


def _take_files(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Let redirect workers open next to nothing more (RLIMIT_NOFILE)."""
    limited: list[tuple[psutil.Process, tuple[int, int]]] = []
    with _present():
        for worker in _redirect_workers(stage):
            before = worker.rlimit(psutil.RLIMIT_NOFILE)
            limited.append((worker, before))
            worker.rlimit(psutil.RLIMIT_NOFILE, (worker.num_fds() + 2, before[1]))
    return Until(lambda: _give_files(limited))


def _give_files(limited: list[tuple[psutil.Process, tuple[int, int]]]) -> None:
    for worker, before in limited:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.rlimit(psutil.RLIMIT_NOFILE, before)


_ASLEEP = (MAKES_WAIT, UNHEARD)
_BLINK = (0.2, LEASE_SECONDS / 2)
_PAST_LEASE = (LEASE_SECONDS + 1.0, 2 * LEASE_SECONDS + 1.0)

FAULTS = (
    fault(
        "redirect worker killed",
        "redirect",
        (0.0, 0.5),
        _Kill(_redirect_workers),
        KILLS_REDIRECT,
        MAKES_WAIT,
    ),
    fault("redirect worker asleep", "redirect", (0.1, 3.0), _Pause(_redirect_workers), *_ASLEEP),
    fault("redirect arbiter killed", "redirect", (0.0, 1.0), _kill_redirect_arbiter, MAKES_WAIT),
    fault(
        "redirect killed whole",
        "redirect",
        (0.0, 1.0),
        _kill_redirect,
        KILLS_REDIRECT,
        MAKES_WAIT,
    ),
    fault("redirect reloaded", "redirect", (0.5, 1.5), _reload_redirect, MAKES_WAIT),
    fault("redirect restarted", "redirect", (1.0, 2.0), _restart_redirect, MAKES_WAIT),
    fault("redirect short of files", "redirect", (1.0, 5.0), _take_files, *_ASLEEP),
    fault("consumer killed", "consumers", (0.0, 0.5), _Kill(_consumers)),
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
    fault("supervisor killed", "supervisor consumers", (0.5, 1.0), _kill_supervisor),
    fault("supervisor asleep", "supervisor", (0.5, 6.0), _Pause(_supervisor)),
    fault("workers killed whole", "supervisor consumers", (0.0, 2.0), _kill_workers),
    fault("workers restarted", "supervisor consumers", (0.5, 1.0), _restart_workers),
    fault("workers reloaded", "supervisor consumers", (0.5, 1.5), _reload_workers),
)
