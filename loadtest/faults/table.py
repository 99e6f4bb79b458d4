"""Table of what goes wrong under load, and how it is done to the processes of `hopline up`."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import psutil

from loadtest.common.processes import below
from loadtest.faults.injection import Injection, NothingToHit
from loadtest.faults.processes import freeze, send

#: When a fault begins, in seconds after the warm-up; and how long is watched after its end.
BEGINS_AT = 5.0
AFTERWARDS_SECONDS = 10.0

#: Scenarios on links that the redirect knows: what is promised whatever stands still behind it.
KNOWN_LINKS = ("HotLinks", "ViralPost", "Bots")


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    Attributes:
        processes: what their command lines contain.
        kind: `freeze` stops them and lets them go on at the end (SIGSTOP, SIGCONT), `kill` is
            SIGKILL, `reload` is SIGHUP.
        which: all of the processes, or one of them.
        every_seconds: how often it is done again until the end; 0 for once.
        most_cut: connections that may end before an answer: those of a killed process can't go on.
            None for any number.
    """

    name: str
    processes: tuple[str, ...]
    kind: Literal["freeze", "kill", "reload"]
    seconds: float
    which: Literal["all", "one"] = "all"
    every_seconds: float = 0.0
    most_cut: int | None = 0

    @property
    def run_seconds(self) -> float:
        """How long the load lasts."""
        return BEGINS_AT + self.seconds + AFTERWARDS_SECONDS

    @property
    def mark(self) -> str:
        """The stretch that the report shades."""
        return f"{BEGINS_AT:g}-{BEGINS_AT + self.seconds:g}:{self.name}"


_CLICKHOUSE = ("clickhouse_host", "clickhouse server")
_REDIS = ("valkey-server", "redis-server")

FAULTS = {
    "clickhouse": Fault("ClickHouse stopped for 30 s", _CLICKHOUSE, "freeze", 30),
    "redis": Fault("Redis frozen for 5 s", _REDIS, "freeze", 5),
    "consumer": Fault(
        "a consumer killed every 5 s", ("hopline: consumer",), "kill", 15, "one", every_seconds=5
    ),
    "redirect": Fault(
        "a redirect worker killed",
        ("gunicorn: worker [hopline-redirect]",),
        "kill",
        1,
        "one",
        most_cut=None,
    ),
    "reload": Fault(
        "services reloaded",
        (
            "gunicorn: master [hopline-redirect]",
            "gunicorn: master [hopline-console]",
            "hopline: workers",
        ),
        "reload",
        5,
        most_cut=None,
    ),
}


def commit(fault: Fault, up: psutil.Process, sleep: Callable[[float], None] = time.sleep) -> int:
    """Do what a row says to the processes below `hopline up`; return how often it was done.

    Raises:
        NothingToHit: a process of the row isn't there; the text says what was looked for.
    """
    done = 0
    deadline = time.monotonic() + fault.seconds
    while not done or (fault.every_seconds and time.monotonic() < deadline):
        injection = _inject(fault, up)
        done += 1
        try:
            sleep(fault.every_seconds or fault.seconds)
        finally:
            injection.lift()
    return done


def _inject(fault: Fault, up: psutil.Process) -> Injection:
    found = below(up.pid, *fault.processes)
    if not found:
        raise NothingToHit(f"no process of {' or '.join(fault.processes)} below hopline up")
    chosen = found[:1] if fault.which == "one" else found
    if fault.kind == "freeze":
        return freeze(chosen)
    return send(chosen, signal.SIGKILL if fault.kind == "kill" else signal.SIGHUP)
