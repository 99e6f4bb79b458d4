"""Names of processes that tell a dead one from a living one, even where its pid is used again."""

import os
from pathlib import Path

#: Fields of /proc/PID/stat after the command's name, see proc(5): state, and start time in ticks.
_STATE = 0
_START_TIME = 19
_DEAD_STATES = ("Z", "X", "x")


def process_name(pid: int | None = None) -> str:
    """Return a name that no other process of this machine has had since it was started.

    Args:
        pid: a running process; this one by default.

    Raises:
        ProcessLookupError: there is no such process.
    """
    pid = os.getpid() if pid is None else pid
    fields = _stat(pid)
    if fields is None:
        raise ProcessLookupError(f"there is no process {pid}")
    return f"{pid}-{fields[_START_TIME]}"


def is_alive(name: str) -> bool:
    """Tell whether the process that :func:`process_name` named still runs."""
    pid, _, start_time = name.partition("-")
    fields = _stat(int(pid)) if pid.isascii() and pid.isdigit() else None
    return (
        fields is not None
        and fields[_START_TIME] == start_time
        and fields[_STATE] not in _DEAD_STATES
    )


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in parentheses and may hold any character, these included.
    return text.rpartition(")")[2].split()
