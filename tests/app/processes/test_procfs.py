import os
import subprocess
import sys

import psutil
import pytest

from app.processes.procfs import describe, memory_bytes
from tests.support.worker_processes import wait_until


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_a_stopped_process_is_called_stopped(sleeper):
    sleeper.suspend()
    wait_until(lambda: "State T (stopped)" in describe(sleeper.pid))


def test_a_waiting_process_is_called_sleeping(sleeper):
    wait_until(lambda: "State S (sleeping)" in describe(sleeper.pid))


def test_of_a_gone_process_nothing_is_known(sleeper):
    sleeper.kill()
    sleeper.wait()
    assert describe(sleeper.pid) == "the kernel says nothing about it"
    assert memory_bytes(sleeper.pid) is None


def test_memory_is_what_is_resident():
    found = memory_bytes(os.getpid())
    assert found == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
