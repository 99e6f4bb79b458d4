"""What processes and cores use, read from /proc (proc(5))."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtest.bench.placement import Cores, Placement

_PROC = Path("/proc")
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
    server = sum(cpu_seconds(pid) for pid in process_tree(server_pid))
    return Snapshot(time.monotonic(), server, cpu_seconds(redis_pid), _core_seconds())


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


def process_tree(pid: int) -> list[int]:
    """Return a process and all its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    tree = [pid]
    for member in tree:
        tree.extend(children.get(member, ()))
    return tree


def worker_pids(pid: int) -> list[int]:
    """Return the processes of a tree that have no child: those that serve."""
    tree = process_tree(pid)
    parents = {parent for _, parent in _parents()}
    return [member for member in tree if member not in parents]


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process, all threads; 0 once it is gone."""
    try:
        ticks = _stat_fields(pid)[11:13]
    except FileNotFoundError:
        return 0.0
    return sum(map(int, ticks)) / _TICKS_PER_SECOND


def pss_bytes(pids: Iterable[int]) -> int:
    """Return the memory of processes; pages that several share count in parts."""
    return sum(_pss_bytes(pid) for pid in pids)


def _pss_bytes(pid: int) -> int:
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"smaps_rollup of {pid} has no Pss line")


def _parents() -> Iterator[tuple[int, int]]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), int(_stat_fields(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue


def _stat_fields(pid: int) -> list[str]:
    """Return /proc/PID/stat from the state on; the name before it may hold blanks."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _core_seconds() -> dict[int, CoreSeconds]:
    cores = {}
    for line in (_PROC / "stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            programs = user + nice + system + steal
            busy = programs + irq + softirq
            cores[int(name[3:])] = CoreSeconds(
                busy / _TICKS_PER_SECOND, programs / _TICKS_PER_SECOND
            )
    return cores
