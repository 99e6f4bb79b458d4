"""Processes of this machine: which there are below another, and what they use."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import psutil

Found = TypeVar("Found")


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all that live below it, parents first; nothing when it is gone."""
    try:
        return [psutil.Process(pid), *below(pid)]
    except psutil.NoSuchProcess:
        return []


def below(pid: int, *titles: str, recursive: bool = True) -> list[psutil.Process]:
    """Return the processes that live below one, or its children alone; nothing when it is gone.

    Args:
        titles: only those whose command lines contain one of them.
    """
    try:
        children = psutil.Process(pid).children(recursive)
    except psutil.NoSuchProcess:
        return []
    states = of_living(children, lambda one: (one, one.status(), one.cmdline()))
    return [
        one
        for one, state, line in states
        if state != psutil.STATUS_ZOMBIE
        and (not titles or any(title in " ".join(line) for title in titles))
    ]


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return user and system time of processes, all threads; those that are gone have none."""
    return sum(of_living(processes, lambda one: sum(one.cpu_times()[:2])))


def of_living(
    processes: Iterable[psutil.Process], look: Callable[[psutil.Process], Found]
) -> Iterator[Found]:
    """Yield what is seen of each process, or done to it, without those that are gone."""
    for process in processes:
        try:
            yield look(process)
        except psutil.NoSuchProcess:
            continue
