import os
import shutil
import signal
import sys

import pytest

from app.local.process_group import ProcessGroup, respawn_delay_seconds
from app.processes.child import ChildFailed, Program, wait_for

SLEEP = "import time; time.sleep(600)"


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def said():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def oom_kills():
    return [0]


@pytest.fixture
def group(said, clock, oom_kills):
    group = ProcessGroup(said.append, clock=clock, oom_kills=lambda: oom_kills[0])
    yield group
    group.stop(0.0, lambda: True)


def program(name, code=SLEEP, is_ready=lambda: True):
    return Program(name, (sys.executable, "-c", code), is_ready=is_ready)


def member(group, number=0):
    return group._members[number].child


def tend_until(group, condition):
    def look():
        group.tend()
        return condition()

    return wait_for(look, 60)


def test_a_child_that_dies_is_started_again_and_said_so(group, said, clock, tmp_path):
    group.start(program("redirect"), tmp_path / "log", 0)
    first = member(group).pid
    member(group).kill()
    group.tend()
    assert said == ["redirect was killed by SIGKILL: starting it again"]
    group.tend()
    assert not member(group).is_running, "before its time has come"
    clock.now += 0.1
    assert tend_until(group, lambda: "redirect is back" in said)
    assert member(group).pid != first


def test_a_child_that_can_not_be_started_again_is_tried_until_it_can(group, said, clock, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    group.start(program("redirect"), logs / "log", 0)
    member(group).kill()
    shutil.rmtree(logs)
    group.tend()
    clock.now += 1
    group.tend()
    assert said[1:] == ["redirect can't be started: No such file or directory; trying again"]
    assert member(group).last_lines(8) == []
    logs.mkdir()
    clock.now += 1
    assert tend_until(group, lambda: said[-1] == "redirect is back")


def test_that_memory_ran_out_is_said(group, said, oom_kills, tmp_path):
    group.start(program("clickhouse"), tmp_path / "log", 0)
    oom_kills[0] += 1
    member(group).kill()
    group.tend()
    assert said == ["clickhouse was killed by SIGKILL, as memory ran out: starting it again"]


def test_back_is_said_only_once_it_answers(group, said, clock, tmp_path):
    answers = []
    group.start(program("console", is_ready=lambda: bool(answers)), tmp_path / "log", 0)
    member(group).kill()
    group.tend()
    clock.now += 1
    group.tend()
    group.tend()
    assert said[1:] == []
    answers.append(True)
    assert tend_until(group, lambda: said[1:] == ["console is back"])


def test_what_a_dead_child_had_started_ends_before_the_next_one_starts(group, clock, tmp_path):
    group.start(program("redirect", STARTS_A_DEAF_ONE), tmp_path / "log", 0)
    assert wait_for(lambda: member(group).last_lines(1) == ["up"], 60)
    first = member(group).pid
    os.kill(first, signal.SIGKILL)
    assert tend_until(group, lambda: group._members[0].respawn_at is not None)
    clock.now += 1
    group.tend()
    assert member(group).pid == first, "its port may still be taken"
    assert member(group).has_survivors
    clock.now += 3
    group.tend()
    assert member(group).pid != first


def test_a_child_that_keeps_dying_is_started_less_and_less_often(group, said, clock, tmp_path):
    group.start(program("workers", "raise SystemExit(1)"), tmp_path / "log", 0)
    waits = []
    for _ in range(3):
        assert tend_until(group, lambda: group._members[0].respawn_at is not None)
        waits.append(group._members[0].respawn_at - clock.now)
        clock.now = group._members[0].respawn_at
        group.tend()
    assert waits == pytest.approx([0.1, 0.2, 0.4])


def test_a_child_that_lived_long_is_started_again_at_once(group, clock, tmp_path):
    group.start(program("workers"), tmp_path / "log", 0)
    for _ in range(5):
        member(group).kill()
        group.tend()
        assert group._members[0].respawn_at == pytest.approx(clock.now + 0.1)
        clock.now += 1
        group.tend()
        clock.now += 60


@pytest.mark.parametrize("deaths", [1, 5, 50, 5000])
def test_no_wait_is_longer_than_ten_seconds(deaths):
    assert 0.1 <= respawn_delay_seconds(deaths) <= 10


def test_a_start_that_fails_three_times_has_failed(group, clock, tmp_path):
    group.start(program("valkey", "raise SystemExit('no')"), tmp_path / "log", 0)
    for _ in range(3):
        group.require_started()
        assert tend_until(group, lambda: group._members[0].respawn_at is not None)
        clock.now += 1
        if group._members[0].deaths < 3:
            group.tend()
    with pytest.raises(ChildFailed, match=r"(?s)valkey ended with exit code 1.*no"):
        group.require_started()


def test_unready_are_those_that_do_not_answer(group, tmp_path):
    group.start(program("valkey"), tmp_path / "valkey", 0)
    group.start(program("clickhouse", is_ready=lambda: False), tmp_path / "clickhouse", 0)
    assert group.unready() == ["clickhouse"]


def test_later_stages_stop_first(said, tmp_path):
    order = tmp_path / "order"
    group = ProcessGroup(said.append)
    for stage, name in enumerate(("valkey", "workers", "redirect")):
        group.start(program(name, NOTES_ITS_END.format(name, str(order))), tmp_path / name, stage)
    for number in range(3):
        assert wait_for(lambda number=number: member(group, number).last_lines(1) == ["up"], 60)
    assert group.stop(10, lambda: False) == []
    assert order.read_text().split() == ["redirect", "workers", "valkey"]


NOTES_ITS_END = """
import signal, sys
def note(*_):
    with open({1!r}, "a") as file:
        file.write({0!r} + " ")
    sys.exit()
signal.signal(signal.SIGTERM, note)
print("up", flush=True)
signal.pause()
"""

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()
"""

STARTS_A_DEAF_ONE = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {DEAF!r}])
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("timeout_seconds", "is_impatient"), [(0.1, False), (60, True)], ids=["time is up", "impatient"]
)
def test_what_does_not_stop_is_killed_and_named(said, tmp_path, timeout_seconds, is_impatient):
    group = ProcessGroup(said.append)
    group.start(program("console", DEAF), tmp_path / "log", 0)
    assert wait_for(lambda: member(group).last_lines(1) == ["up"], 60)
    assert group.stop(timeout_seconds, lambda: is_impatient) == ["console"]
    assert not member(group).is_running
