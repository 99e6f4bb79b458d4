"""What goes wrong under load, as a table; and how it is done to the processes of `hopline up`."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import psutil

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


class FaultFailed(Exception):
    """There was no process to do it to; the text names what was looked for."""


def commit(fault: Fault, up: psutil.Process, sleep: Callable[[float], None] = time.sleep) -> int:
    """Do what a row says to the processes below `hopline up`; return how often it was done.

    Raises:
        FaultFailed: a process of the row isn't there.
    """
    if fault.kind == "freeze":
        return _freeze(fault, up, sleep)
    number = signal.SIGKILL if fault.kind == "kill" else signal.SIGHUP
    done = 0
    deadline = time.monotonic() + fault.seconds
    while not done or (fault.every_seconds and time.monotonic() < deadline):
        for process in _chosen(fault, up):
            process.send_signal(number)
        done += 1
        sleep(fault.every_seconds)
    return done


def _freeze(fault: Fault, up: psutil.Process, sleep: Callable[[float], None]) -> int:
    frozen = _chosen(fault, up)
    for process in frozen:
        process.suspend()
    try:
        sleep(fault.seconds)
    finally:
        for process in frozen:
            process.resume()
    return 1


def _chosen(fault: Fault, up: psutil.Process) -> list[psutil.Process]:
    found = list(_matching(fault, up))
    if not found:
        raise FaultFailed(f"no process of {' or '.join(fault.processes)} below hopline up")
    return found[:1] if fault.which == "one" else found


def _matching(fault: Fault, up: psutil.Process) -> Iterator[psutil.Process]:
    for process in up.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            line = " ".join(process.cmdline())
            if any(words in line for words in fault.processes):
                yield process
