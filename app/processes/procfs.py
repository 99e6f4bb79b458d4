"""Reader that asks the kernel about a process: proc(5)."""

import os
from pathlib import Path

#: Lines of /proc/PID/status that tell why a process stands still.
_TELLING = ("State", "Threads", "VmRSS")


def describe(pid: int) -> str:
    """Say what a process does, or rather waits for, as far as we may know."""
    directory = Path(f"/proc/{pid}")
    status = dict(line.partition(":")[::2] for line in read(directory / "status").splitlines())
    known = [f"{name} {status[name].strip()}" for name in _TELLING if name in status]
    waits_in = read(directory / "wchan")
    if waits_in not in ("", "0"):
        known.append(f"waits in {waits_in}")
    # Only root may read it.
    stack = " < ".join(line.split()[-1] for line in read(directory / "stack").splitlines())
    if stack:
        known.append(f"kernel stack {stack}")
    return ", ".join(known) or "the kernel says nothing about it"


def memory_bytes(pid: int) -> int | None:
    """Return how much memory a process has resident, None when it is gone."""
    fields = read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else None


def read(path: Path) -> str:
    """Return what a file of the kernel says, nothing where it isn't there or not for us."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
