import os
import signal
import subprocess
import sys
import textwrap

import psutil
import pytest

from app.processes.child import Child, ChildFailed, Program, ending, wait_for


def make_child(tmp_path, code, *, is_ready=lambda: True, **options):
    argv = (sys.executable, "-c", textwrap.dedent(code))
    program = Program("sample", argv, dict(os.environ), is_ready, **options)
    return Child(program, tmp_path / "sample.log")


@pytest.fixture
def child_of(tmp_path):
    children = []

    def make(code, **options):
        children.append(make_child(tmp_path, code, **options))
        return children[-1]

    yield make
    for child in children:
        child.kill()


def test_output_goes_to_the_log_also_after_a_respawn(child_of):
    child = child_of("print('hello')")
    for _ in range(2):
        child.spawn()
        assert wait_for(lambda: not child.is_running, 10)
    assert child.last_lines(5) == ["hello", "hello"]


def test_a_child_is_asked_to_stop_with_sigterm(child_of):
    child = child_of("import time; print('up', flush=True); time.sleep(60)")
    child.spawn()
    assert wait_for(lambda: child.last_lines(1) == ["up"], 10)
    assert child.stop(10)
    assert child.exit_code == -signal.SIGTERM


def test_a_child_that_reads_its_input_is_asked_to_stop_by_its_end(child_of):
    child = child_of("import sys; sys.stdin.read()", stops_on_eof=True)
    child.spawn()
    assert child.is_running
    assert child.stop(10)
    assert child.exit_code == 0


def test_a_child_that_does_not_obey_is_killed(child_of):
    child = child_of(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(60)
        """
    )
    child.spawn()
    assert wait_for(lambda: child.last_lines(1) == ["deaf"], 10)
    assert not child.stop(0.1)
    assert child.exit_code == -signal.SIGKILL


def test_a_kill_takes_what_the_child_had_started_with_it(child_of):
    child = child_of(
        """
        import subprocess, sys, time
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid)
        sys.stdout.flush()
        time.sleep(60)
        """
    )
    child.spawn()
    assert wait_for(lambda: bool(child.last_lines(1)), 10)
    grandchild = psutil.Process(int(child.last_lines(1)[0]))
    child.kill()
    assert wait_for(lambda: is_gone(grandchild), 10)


def test_a_child_dies_with_its_parent(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    assert wait_for(lambda: is_gone(child), 10)


PARENT = """
import os, sys, time
from pathlib import Path
from app.processes.child import Child, Program
argv = (sys.executable, "-c", "import time; time.sleep(60)")
child = Child(Program("sample", argv, dict(os.environ), lambda: True), Path("sample.log"))
child.spawn()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_waiting_for_a_child_that_ends_shows_its_last_words(child_of):
    child = child_of("import sys; sys.exit('no luck')", is_ready=lambda: False)
    child.spawn()
    with pytest.raises(ChildFailed, match=r"(?s)sample ended with exit code 1.*no luck"):
        child.wait_until_ready(10)


def test_waiting_for_a_child_that_never_answers_ends(child_of):
    child = child_of("import time; time.sleep(60)", is_ready=lambda: False)
    child.spawn()
    with pytest.raises(ChildFailed, match="sample did not answer"):
        child.wait_until_ready(0.1)


def test_a_child_that_was_never_spawned_can_be_stopped(child_of):
    child = child_of("")
    assert child.stop(0.1)
    assert child.pid == 0


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (None, "is still running"),
        (-9, "was killed by SIGKILL"),
        (-6, "was killed by SIGABRT"),
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
    ],
)
def test_an_end_is_put_in_words(exit_code, words):
    assert ending(exit_code) == words


def is_gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_stands_back_does_so_with_all_that_it_starts(child_of):
    child = child_of(
        """
        import subprocess
        subprocess.run(["nice"])
        subprocess.run(["cat", "/proc/self/autogroup"], stderr=subprocess.DEVNULL)
        """,
        niceness=7,
    )
    child.spawn()
    assert wait_for(lambda: not child.is_running, 10)
    own, *session = child.last_lines(2)
    assert own == "7"
    assert all(line.endswith("nice 7") for line in session)
