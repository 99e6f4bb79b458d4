import os
import subprocess

import pytest

from app.metrics.process_identity import is_alive, process_name


def test_this_process_is_alive() -> None:
    assert is_alive(process_name())


def test_a_killed_process_is_dead_before_and_after_it_is_reaped() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        name = process_name(process.pid)
        assert is_alive(name)
        process.kill()
        # Left as a zombie: wait until the kernel has ended it, without reaping it.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(name)
    assert not is_alive(name)
    with pytest.raises(ProcessLookupError):
        process_name(process.pid)


def test_another_process_of_the_same_number_is_not_the_one_that_was_named() -> None:
    number, _, start_time = process_name().partition("-")
    assert not is_alive(f"{number}-{int(start_time) - 1}")


@pytest.mark.parametrize("name", ["", "-", "x-1", "totals", "²-1"])
def test_what_is_no_name_is_nobody_alive(name: str) -> None:
    assert not is_alive(name)
