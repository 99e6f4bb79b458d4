import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from app.processes.child import Child, ChildFailed, Program, ending, running, wait_for

SLEEP = "import time; time.sleep(600)"
DEAF = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""
STARTS_A_DEAF_ONE = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {DEAF!r}])
time.sleep(600)
"""


def sample(code, **options):
    return Program("sample", (sys.executable, "-c", textwrap.dedent(code)), **options)


@pytest.fixture
def child_of(tmp_path):
    children = []

    def make(code, **options):
        children.append(Child(sample(code, **options), tmp_path / "sample.log"))
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
    child = child_of("import time; print('up', flush=True); time.sleep(600)")
    child.spawn()
    assert wait_for(lambda: child.last_lines(1) == ["up"], 10)
    assert child.stop(60)
    assert child.exit_code == -signal.SIGTERM


def test_a_child_that_reads_its_input_is_asked_to_stop_by_its_end(child_of):
    child = child_of("import sys; sys.stdin.read()", stops_on_eof=True)
    child.spawn()
    assert child.is_running
    assert child.stop(60)
    assert child.exit_code == 0


def test_a_child_that_does_not_obey_is_killed(child_of):
    child = child_of(DEAF)
    child.spawn()
    assert wait_for(lambda: bool(child.last_lines(1)), 10)
    assert not child.stop(0.1)
    assert child.exit_code == -signal.SIGKILL


@pytest.fixture
def parent(child_of):
    """A child that runs and has started another, deaf one."""
    child = child_of(STARTS_A_DEAF_ONE)
    child.spawn()
    assert wait_for(lambda: bool(child.last_lines(1)), 10)
    return child


def grandchild_of(parent):
    return psutil.Process(int(parent.last_lines(1)[0]))


def test_a_kill_takes_what_the_child_had_started_with_it(parent):
    grandchild = grandchild_of(parent)
    parent.kill()
    assert wait_for(lambda: is_gone(grandchild), 60)


def test_a_stop_takes_what_a_child_that_obeyed_has_left_behind(parent):
    grandchild = grandchild_of(parent)
    assert parent.stop(60)
    assert wait_for(lambda: is_gone(grandchild), 60)


def test_a_signal_is_for_the_child_alone_and_its_group_can_be_ended_afterwards(parent):
    grandchild = grandchild_of(parent)
    parent.send_signal(signal.SIGKILL)
    assert parent.wait(60)
    assert parent.has_survivors
    assert not is_gone(grandchild)
    parent.kill()
    assert wait_for(lambda: is_gone(grandchild), 60)


def test_a_signal_that_comes_too_late_hits_nobody(child_of):
    child = child_of("")
    child.send_signal(signal.SIGKILL)
    child.spawn()
    assert child.wait(60)
    child.send_signal(signal.SIGKILL)
    assert child.exit_code == 0


def test_our_end_of_the_log_is_closed(child_of, tmp_path):
    child = child_of(SLEEP)
    child.spawn()
    ours = [os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()]
    assert str(tmp_path / "sample.log") not in ours


def test_a_program_has_the_environment_and_the_directory_that_are_named(child_of, tmp_path):
    code = "import os; print(os.getcwd(), os.environ['PLACE'], 'HOME' in os.environ)"
    child = child_of(code, environ={"PLACE": "here"}, directory=tmp_path)
    child.spawn()
    assert child.wait(60)
    assert child.last_lines(1) == [f"{tmp_path.resolve()} here False"]


@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_a_child_dies_with_its_parent_and_by_sigkill_even_when_it_is_frozen(tmp_path, number):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, number], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    child = psutil.Process(int(parent.stdout.readline()))
    if number == "SIGKILL":
        child.suspend()
        assert wait_for(lambda: child.status() == psutil.STATUS_STOPPED, 10)
    parent.kill()
    parent.communicate()
    assert wait_for(lambda: is_gone(child), 60)


PARENT = """
import signal, sys, time
from pathlib import Path
from app.processes.child import Child, Program
argv = (sys.executable, "-c", "import time; time.sleep(600)")
program = Program("sample", argv, orphan_signal=signal.Signals[sys.argv[1]])
child = Child(program, Path("sample.log"))
child.spawn()
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_child_whose_parent_was_gone_before_it_could_be_told_runs_nothing(child_of, monkeypatch):
    child = child_of("print('hello')")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)
        child.spawn()
    assert child.wait(60)
    assert child.exit_code == 1
    assert child.last_lines(1) == []


def test_waiting_for_a_child_that_ends_shows_its_last_words(child_of):
    child = child_of("import sys; sys.exit('no luck')", is_ready=lambda: False)
    child.spawn()
    with pytest.raises(ChildFailed, match=r"(?s)sample ended with exit code 1.*no luck"):
        child.wait_until_ready(10)


def test_waiting_for_a_child_that_never_answers_ends(child_of):
    child = child_of("import time; print('no luck', flush=True); time.sleep(600)", is_ready=bool)
    child.spawn()
    assert wait_for(lambda: bool(child.last_lines(1)), 10)
    with pytest.raises(ChildFailed, match=r"(?s)sample did not answer in 0 s;.*no luck"):
        child.wait_until_ready(0.1)


def test_what_runs_for_a_block_answers_in_it_and_is_gone_after_it(tmp_path):
    log = tmp_path / "sample.log"
    program = sample(STARTS_A_DEAF_ONE, is_ready=lambda: bool(log.read_text()))
    with running(program, log, ready_seconds=10, stop_seconds=10) as child:
        everything = [psutil.Process(child.pid), grandchild_of(child)]
    assert child.exit_code == -signal.SIGTERM
    assert wait_for(lambda: all(map(is_gone, everything)), 60)


def test_what_does_not_get_ready_for_its_block_is_stopped(tmp_path):
    mark = str(tmp_path)
    program = Program("sample", (sys.executable, "-c", SLEEP, mark), is_ready=bool)
    with (
        pytest.raises(ChildFailed, match="did not answer"),
        running(program, tmp_path / "log", ready_seconds=0.1, stop_seconds=10),
    ):
        pass
    assert not [one for one in psutil.Process().children() if mark in one.cmdline()]


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
    assert int(own) == min(os.nice(0) + 7, 19)
    assert all(line.endswith("nice 7") for line in session)
