import os
import threading

import pytest

from tests.chaos.testbed.log_pipe import LogPipe
from tests.support.worker_processes import wait_until


@pytest.fixture
def pipe(tmp_path):
    with LogPipe(tmp_path / "redirect.log") as pipe:
        yield pipe


def test_what_is_written_arrives_in_the_file(pipe, tmp_path):
    (tmp_path / "redirect.log").touch()
    with pipe.path.open("ab") as log:
        log.write(b"one line\n")
    wait_until(lambda: (tmp_path / "redirect.log").read_bytes() == b"one line\n")


def test_a_writer_waits_while_nobody_reads(pipe):
    pipe.block()
    has_written = threading.Event()

    def write():
        with pipe.path.open("ab") as log:
            log.write(os.urandom(8192))
        has_written.set()

    threading.Thread(target=write, daemon=True).start()
    assert not has_written.wait(0.5)
    pipe.flow()
    assert has_written.wait(60)
