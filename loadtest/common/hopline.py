"""Command `hopline` of this installation, and `hopline up` as long as a load test needs it."""

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from app.processes.child import Child, Program, running

HOPLINE = str(Path(sys.executable).with_name("hopline"))
#: The first start fetches ClickHouse, 170 MB.
_READY_SECONDS = 300.0
_STOP_SECONDS = 60.0


def environment_with(**settings: object) -> dict[str, str]:
    """Return our environment with these settings, by field, and no others of who runs this."""
    kept = {name: value for name, value in os.environ.items() if _is_not_ours(name)}
    return kept | {f"HOPLINE_{name.upper()}": str(value) for name, value in settings.items()}


def running_up(
    environment: dict[str, str], log: Path, *options: str
) -> AbstractContextManager[Child]:
    """Run `hopline up` inside the ``with`` block, from when everything answers.

    Raises:
        ChildFailed: it ended, or took too long.
    """
    argv = (HOPLINE, "up", *options)
    # What an earlier run has said there is not ours.
    begin = log.stat().st_size if log.exists() else 0
    up = Program("hopline up", argv, environment, lambda: b"is ready" in log.read_bytes()[begin:])
    return running(up, log, _READY_SECONDS, _STOP_SECONDS)


def _is_not_ours(name: str) -> bool:
    return not name.startswith("HOPLINE_") or name == "HOPLINE_CACHE_DIR"
