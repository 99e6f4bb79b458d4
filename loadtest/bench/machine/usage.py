"""Usage of a run: what its processes and the cores spent, by psutil and /proc/stat (proc(5))."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtest.bench.machine.placement import Cores, Placement
from loadtest.common.processes import cpu_seconds, tree

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CoreSeconds:
    """What a core did since boot.

    Attributes:
        busy: seconds that it was not idle; waiting for disks is idle.
        programs: those of them that went to programs, or to other machines on the same hardware.
            Interrupts are left out: kernels disagree on whose time they are.
    """

    busy: float
    programs: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """CPU seconds used so far by the server's processes, by Redis and by each core."""

    at: float
    server: float
    redis: float
    cores: dict[int, CoreSeconds]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run used: seconds of CPU, and shares (0 to 1) of the cores' time.

    Attributes:
        foreign_share: of the server's cores, what other programs took: noise.
    """

    seconds: float
    server_seconds: float
    redis_seconds: float
    server_core_busy: float
    generator_core_busy: float
    foreign_share: float


def snapshot(server_pid: int, redis_pid: int) -> Snapshot:
    """Read the counters of a server's process tree, of Redis and of all cores."""
    server, redis = cpu_seconds(tree(server_pid)), cpu_seconds([psutil.Process(redis_pid)])
    return Snapshot(time.monotonic(), server, redis, _core_seconds())


def usage(before: Snapshot, after: Snapshot, placement: Placement) -> Usage:
    """Return what was used between two snapshots; shares are means over the cores."""
    seconds = after.at - before.at
    server_seconds = after.server - before.server

    def busy(cores: Cores) -> float:
        spent = sum(after.cores[core].busy - before.cores[core].busy for core in cores)
        return min(1.0, spent / seconds / len(cores))

    programs = sum(
        after.cores[core].programs - before.cores[core].programs for core in placement.server
    )
    return Usage(
        seconds=seconds,
        server_seconds=server_seconds,
        redis_seconds=after.redis - before.redis,
        server_core_busy=busy(placement.server),
        generator_core_busy=busy(placement.generator),
        foreign_share=max(0.0, programs - server_seconds) / seconds / len(placement.server),
    )


def pss_bytes(processes: Iterable[psutil.Process]) -> int:
    """Return the memory of processes; pages that several share count in parts."""
    return sum(process.memory_full_info().pss for process in processes)


def _core_seconds() -> dict[int, CoreSeconds]:
    cores = {}
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            programs = user + nice + system + steal
            busy = programs + irq + softirq
            cores[int(name[3:])] = CoreSeconds(
                busy / _TICKS_PER_SECOND, programs / _TICKS_PER_SECOND
            )
    return cores
