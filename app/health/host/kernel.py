"""Kernel limits that an installed host should have raised, or Redis on it asks for.

Source: Redis' administration page (overcommit, transparent huge pages); listen(2) for somaxconn.
"""

from collections.abc import Iterator
from pathlib import Path

from app.health.check import Check, ok, warn
from app.processes.procfs import read

_SYSCTL = Path("/proc/sys")
_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
#: Visitors who may wait to be let in while all workers are replaced at once.
_LEAST_WAITING = 1024


def kernel_checks(*, has_redis: bool) -> Iterator[Check]:
    """Yield the findings about this machine; those for Redis only where it runs here, too."""
    yield judge_backlog(int(read(_SYSCTL / "net/core/somaxconn") or _LEAST_WAITING))
    if has_redis:
        yield judge_overcommit(read(_SYSCTL / "vm/overcommit_memory"))
        yield judge_huge_pages(read(_HUGE_PAGES))


def judge_backlog(somaxconn: int) -> Check:
    """Judge how many connections may wait for the redirect service."""
    name, text = "kernel backlog", f"{somaxconn:,} connections may wait"
    if somaxconn < _LEAST_WAITING:
        return warn(name, text, "sysctl net.core.somaxconn=4096, and the same in /etc/sysctl.d")
    return ok(name, text)


def judge_overcommit(value: str) -> Check:
    """Judge whether Redis may fork to rewrite its append-only file."""
    name = "kernel overcommit"
    if value in ("1", ""):
        return ok(name, "Redis may fork")
    text = "with memory short, Redis can't fork to rewrite its append-only file"
    return warn(name, text, "sysctl vm.overcommit_memory=1, and the same in /etc/sysctl.d")


def judge_huge_pages(enabled: str) -> Check:
    """Judge whether the kernel makes Redis copy huge pages while it saves."""
    name = "kernel huge pages"
    if "[always]" not in enabled:
        return ok(name, "not forced on Redis")
    text = "always: while Redis saves, single commands take milliseconds"
    return warn(name, text, f"echo madvise > {_HUGE_PAGES}, at each boot")
