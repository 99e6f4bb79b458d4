"""What the figures are from: this machine, the generator, and what is told of the installation."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from loadtest.common.environment import interpreter, processor


def environment(about: str, hopline_version: str) -> dict[str, Any]:
    """Describe where the load came from and, as far as it was told, where it went.

    Args:
        about: path of a JSON object with more to say; empty for none.
        hopline_version: what the console says of itself.
    """
    told: dict[str, Any] = json.loads(Path(about).read_text()) if about else {}
    return {
        "Hopline": hopline_version or "unknown (no --console)",
        "Locust": version("locust"),
        "gevent": version("gevent"),
        "Python": interpreter(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "load average at the end": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
        **told,
    }
