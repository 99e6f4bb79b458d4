"""What the figures are from: machine, interpreter and versions."""

import os
import platform
import re
import shutil
import subprocess
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loadtest.bench.placement import Placement

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
        "processor": _processor(),
        "cores": cores,
        "placement": {
            "server": list(placement.server),
            "redis": list(placement.redis),
            "generator": list(placement.generator),
        },
        "cores_that_share_a_processor": _siblings(placement.server),
        "load_average": list(os.getloadavg()),
    }


def interpreter() -> str:
    """Return the Python version and how it was built, which is worth up to 35 % of speed."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    flags = [
        name
        for name, option in (("PGO", "--enable-optimizations"), ("LTO", "--with-lto"))
        if option in arguments
    ]
    # A distribution may build with either and not say so; only what is said is shown.
    built = f" ({' and '.join(flags)})" if flags else ""
    return f"{platform.python_implementation()} {platform.python_version()}{built}"


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


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _siblings(cores: tuple[int, ...]) -> list[str]:
    """Return the hyperthreads of the server's cores, e.g. ``["0,4"]``: they share its speed."""
    base = Path("/sys/devices/system/cpu")
    paths = [base / f"cpu{core}" / "topology" / "thread_siblings_list" for core in cores]
    return [path.read_text().strip() for path in paths if path.exists()]
