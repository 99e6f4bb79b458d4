import subprocess
import sys

import psutil

from app.processes.child import wait_for
from loadtest.common.processes import below, cpu_seconds, tree


def test_a_tree_holds_parents_before_children(family):
    assert tree(family.pid) == [family, *family.children()]


def test_processes_are_found_by_their_titles(family):
    _, second = family.children()
    assert below(family.pid, "second-child", "third-child") == [second]


def test_who_has_ended_is_not_found(family):
    first, second = family.children()
    first.kill()
    assert wait_for(lambda: first.status() == psutil.STATUS_ZOMBIE, 60)
    assert below(family.pid) == [second]


def test_cpu_time_grows_with_work():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        busy = tree(process.pid)
        assert wait_for(lambda: cpu_seconds(busy) >= 0.1, 60)
        process.kill()
    assert cpu_seconds(busy) == 0
    assert tree(process.pid) == []
