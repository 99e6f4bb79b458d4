import os
import subprocess
import sys

import pytest

from tests.chaos.testbed.warp import Warp

#: Prints, for each line that it reads, how far its wall and its monotonic clock have come, and how
#: many bytes it could append to a file.
PROBE = """
import os, sys, time
spool = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
for line in sys.stdin:
    try:
        room = os.pwrite(spool, b"click", 0)
    except OSError as error:
        room = -error.errno
    print(time.time() - time.monotonic(), room, flush=True)
"""


@pytest.fixture
def warp(tmp_path):
    return Warp(tmp_path)


@pytest.fixture
def probe(warp, tmp_path):
    """A function that returns the difference of a process's clocks, and what it could write."""
    path = tmp_path / "spool" / "spool.db"
    path.parent.mkdir()
    environ = {**os.environ, **warp.environ}
    with subprocess.Popen(
        [sys.executable, "-c", PROBE, path],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask():
            process.stdin.write("\n")
            process.stdin.flush()
            difference, room = process.stdout.readline().split()
            return float(difference), int(room)

        yield ask
        process.stdin.close()


def test_the_wall_clock_of_a_running_process_is_set_and_set_back(warp, probe):
    before, _ = probe()
    warp.set_clock(3600)
    assert probe()[0] - before == pytest.approx(3600, abs=1)
    warp.set_clock(-45)
    assert probe()[0] - before == pytest.approx(-45, abs=1)
    warp.set_clock(0)
    assert probe()[0] - before == pytest.approx(0, abs=1)


def test_a_full_disk_takes_no_bytes_until_there_is_room_again(warp, probe):
    assert probe()[1] == 5
    warp.fill("/spool/")
    assert probe()[1] == -28
    warp.fill("")
    assert probe()[1] == 5


def test_other_folders_have_room_while_one_is_full(warp, probe):
    warp.fill("/appendonlydir/")
    assert probe()[1] == 5
