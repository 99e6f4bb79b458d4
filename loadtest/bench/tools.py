"""Programs without which nothing can be measured."""

import shutil

_NEEDED = {
    "wrk": "wrk (Debian: apt install wrk)",
    "gcc": "gcc (Debian: apt install gcc libc6-dev)",
    "taskset": "taskset (Debian: apt install util-linux)",
}


def missing_tools() -> list[str]:
    """Return what must be installed first, and how."""
    return [text for name, text in _NEEDED.items() if not shutil.which(name)]
