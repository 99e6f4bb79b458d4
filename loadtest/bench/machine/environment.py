"""Description of what figures are from: machine, interpreter and versions."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loadtest.bench.machine.placement import Placement
from loadtest.common.environment import interpreter, processor

_PACKAGES = (
    "falcon",
    "fastapi",
    "gevent",
    "gunicorn",
    "gunicorn_h1c",
    "hiredis",
    "httptools",
    "redis",
    "uvicorn",
    "uvloop",
)
_PROGRAMS = {"node": "--version", "nginx": "-v", "go": "version", "wrk": "--version"}


def environment(cores: list[int], placement: Placement, redis_version: str) -> dict[str, Any]:
    """Describe this machine; every value is text, a number, or a list or dict of these."""
    return {
        "interpreter": interpreter(),
        "versions": {name: _package(name) for name in _PACKAGES}
        | {name: _program(name, flag) for name, flag in _PROGRAMS.items()}
        | {"redis server": redis_version},
        "kernel": platform.release(),
        "processor": processor(),
        "cores": cores,
        "placement": {
            "server": list(placement.server),
            "redis": list(placement.redis),
            "generator": list(placement.generator),
        },
        "cores_that_share_a_processor": _siblings(placement.server),
        "load_average": list(os.getloadavg()),
    }


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _program(name: str, flag: str) -> str:
    """Return what a program says its version is; wrk exits with 1 after saying it."""
    if not shutil.which(name):
        return ""
    done = subprocess.run([name, flag], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+[\w.+-]*", done.stdout + done.stderr)
    return found.group() if found else ""


def _siblings(cores: tuple[int, ...]) -> list[str]:
    """Return the hyperthreads of the server's cores, e.g. ``["0,4"]``: they share its speed."""
    base = Path("/sys/devices/system/cpu")
    paths = [base / f"cpu{core}" / "topology" / "thread_siblings_list" for core in cores]
    return [path.read_text().strip() for path in paths if path.exists()]
