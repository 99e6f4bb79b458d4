"""Measure that tells `hopline up` how much memory this machine or container has."""

import os
from collections.abc import Iterator
from pathlib import Path

from app.processes.procfs import read

#: Part of it that the embedded Valkey may fill. Beside it stand ClickHouse and our services, and
#: rewriting the append-only file takes as much again at worst.
_VALKEY_SHARE = 0.25
#: Links and a few clicks need some, however small the machine is.
_LEAST_BYTES = 64 << 20

#: Below this a first report may be the end of ClickHouse, which takes a third of it at rest.
ENOUGH_BYTES = 1 << 30

_CGROUPS = Path("/sys/fs/cgroup")


def valkey_maxmemory(memory_bytes: int) -> int:
    """Return the ``maxmemory`` in bytes of the embedded Valkey on a machine of so much memory."""
    return max(int(memory_bytes * _VALKEY_SHARE), _LEAST_BYTES)


def memory_bytes(own_groups: Path = Path("/proc/self/cgroup"), mounted: Path = _CGROUPS) -> int:
    """Return the memory that processes here may use: the machine's, or less by a control group.

    Args:
        own_groups: which groups a process is in (cgroups(7)).
        mounted: where groups are mounted, of version 2 or 1.
    """
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min((machine, *_limits(own_groups, mounted)))


def memory_warning(memory_bytes: int) -> str:
    """Say that there is little memory here; empty when there is enough."""
    if memory_bytes >= ENOUGH_BYTES:
        return ""
    return (
        f"there are {memory_bytes >> 20} MiB of memory here, and about {ENOUGH_BYTES >> 20} are"
        " needed: the kernel may end ClickHouse when it reads many clicks"
    )


def oom_kills(statistics: Path = Path("/proc/vmstat")) -> int:
    """Return how often the kernel has ended a process since boot for want of memory (proc(5))."""
    for line in read(statistics).splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return 0


def _limits(own_groups: Path, mounted: Path) -> Iterator[int]:
    try:
        lines = own_groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _limits_above(mounted, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits_above(mounted / "memory", path, "memory.limit_in_bytes")


def _limits_above(root: Path, path: str, name: str) -> Iterator[int]:
    """Yield the limits of a group and of those that it lies in; within a container it is a root."""
    group = root / path.lstrip("/")
    for folder in (group, *group.parents):
        if folder.is_relative_to(root):
            limit = read(folder / name)
            if limit.isdigit():
                yield int(limit)
