import os
import subprocess
import sys
import time

import pytest

from tests.chaos.monitors.run_queue import RunQueueMonitor
from tests.support.worker_processes import wait_until

ENDLESS = "while True: pass"


@pytest.fixture
def rivals():
    """Two processes that want the same processor all the time."""
    one_processor = {min(os.sched_getaffinity(0))}
    made = [subprocess.Popen([sys.executable, "-c", ENDLESS]) for _ in range(2)]
    for rival in made:
        os.sched_setaffinity(rival.pid, one_processor)
    yield made
    for rival in made:
        rival.kill()
        rival.wait()


def test_who_waits_for_a_processor_is_seen_and_who_only_waits_is_not(rivals):
    sleeper = subprocess.Popen(["sleep", "60"])
    roles = {"rivals": [rival.pid for rival in rivals], "sleeper": [sleeper.pid]}
    try:
        with RunQueueMonitor(lambda: roles) as turns:
            wait_until(lambda: sum(delay.waited_ms for delay in turns.delays) > 100)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert {delay.role for delay in turns.delays} == {"rivals"}
    assert all(delay.from_ms <= delay.to_ms for delay in turns.delays)


def test_processes_that_are_gone_are_no_trouble(rivals):
    with RunQueueMonitor(lambda: {"rivals": [rival.pid for rival in rivals]}) as turns:
        wait_until(lambda: turns.delays)
        for rival in rivals:
            rival.kill()
            rival.wait()
        wait_until(lambda: time.time() * 1000 > turns.delays[-1].to_ms + 500)
