import subprocess
import sys
import time

import pytest

from loadtest.bench.placement import Placement
from loadtest.bench.processes import (
    CoreSeconds,
    Snapshot,
    cpu_seconds,
    process_tree,
    pss_bytes,
    usage,
    worker_pids,
)

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=0)
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def family():
    """A parent process and its only child, which ends with the parent's input."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        yield parent.pid, int(parent.stdout.readline())
        parent.stdin.close()


def test_a_tree_holds_parents_before_children(family):
    parent, child = family
    assert process_tree(parent) == [parent, child]


def test_workers_are_the_processes_without_children(family):
    parent, child = family
    assert worker_pids(parent) == [child]


def test_memory_of_processes_adds_up(family):
    parent, child = family
    assert pss_bytes([parent, child]) > pss_bytes([child]) > 0


def test_cpu_time_grows_with_work():
    program = "while True: pass"
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        deadline = time.monotonic() + 20
        while cpu_seconds(process.pid) < 0.1 and time.monotonic() < deadline:
            time.sleep(0.02)
        spent = cpu_seconds(process.pid)
        process.kill()
    assert spent >= 0.1
    assert cpu_seconds(process.pid) == 0


def test_usage_is_the_difference_of_two_snapshots():
    placement = Placement(server=(0,), redis=(1,), generator=(1, 2))
    idle = CoreSeconds(busy=10, programs=10)
    before = Snapshot(at=100, server=5, redis=1, cores={0: idle, 1: idle, 2: idle})
    cores = {0: CoreSeconds(14, 13.6), 1: CoreSeconds(14, 14), 2: CoreSeconds(12, 12)}
    after = Snapshot(at=104, server=8, redis=2, cores=cores)
    used = usage(before, after, placement)
    assert (used.seconds, used.server_seconds, used.redis_seconds) == (4, 3, 1)
    assert (used.server_core_busy, used.generator_core_busy) == (1.0, 0.75)
    assert used.foreign_share == pytest.approx(0.15)
