"""Whole runs of Locust, and processes to do something to."""

import contextlib
import subprocess
import sys

import psutil
import pytest

from loadtest.run.locust_run import LocustRun
from tests.support.loadtest.samples import RATE

_PARENT = """
import subprocess, sys, time
children = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", name])
            for name in sys.argv[1:]]
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def family():
    """A process with two children, whose command lines hold their names."""
    parent = psutil.Popen(
        [sys.executable, "-c", _PARENT, "first-child", "second-child"],
        stdout=subprocess.PIPE,
        text=True,
    )
    parent.stdout.readline()
    family = [*parent.children(), parent]
    yield parent
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    parent.communicate()


@pytest.fixture
def run(tmp_path):
    """A function that runs Locust for some seconds and returns exit code and figures."""

    def run(url, scenarios=(), **options):
        given = {
            "rate": RATE,
            "warm_up": 1,
            "budget": "ci",
            "console": url,
            "hot_links": 5,
            "tail_links": 5,
            **options,
        }
        locust = LocustRun(url, tmp_path / "report.html", 3, given, scenarios)
        said = []
        code = locust.run(said.append, None)
        assert locust.report.exists(), said
        return code, locust.figures()

    return run
