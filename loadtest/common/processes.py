"""Processes of this machine, found below others by their titles."""

from collections.abc import Iterator

import psutil


def below(pid: int, *titles: str, recursive: bool = False) -> list[psutil.Process]:
    """Return the children of a process that live, or all below it.

    Args:
        titles: only those whose command lines contain one of them.
    """
    try:
        return list(_living(psutil.Process(pid).children(recursive=recursive), titles))
    except psutil.NoSuchProcess:
        return []


def _living(processes: list[psutil.Process], titles: tuple[str, ...]) -> Iterator[psutil.Process]:
    for process in processes:
        try:
            is_dead = process.status() == psutil.STATUS_ZOMBIE
            line = "" if is_dead else " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if not is_dead and (not titles or any(title in line for title in titles)):
            yield process
