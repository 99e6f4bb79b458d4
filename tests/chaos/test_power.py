import os
import subprocess
import sys

import pytest

from tests.chaos import power
from tests.chaos.power import PowerLoss

#: Writes a file, brings it to the disk if told so, and writes more if told so.
PROGRAM = """
import os, sys
path, *steps = sys.argv[1:]
file = os.open(path, os.O_CREAT | os.O_WRONLY)
os.write(file, b"first")
for step in steps:
    getattr(os, step)(file) if step != "write" else os.write(file, b"more")
"""


@pytest.fixture
def store(tmp_path):
    """A loss of power, and a function that has a process write a file of a part."""
    loss = PowerLoss(tmp_path / "store")
    part = tmp_path / "store" / "data" / "202601_1_1_0"
    part.mkdir(parents=True)

    def write(name, *steps):
        path = part / name
        environ = {**os.environ, **loss.environ}
        subprocess.run([sys.executable, "-c", PROGRAM, path, *steps], env=environ, check=True)
        return path

    return loss, write


def test_what_was_never_synced_loses_its_bytes(store):
    loss, write = store
    path = write("count.txt")
    assert loss.strike() == [path]
    assert path.read_bytes() == b""


@pytest.mark.parametrize("how", ["fsync", "fdatasync"])
def test_what_was_synced_stays(store, how):
    loss, write = store
    path = write("count.txt", how)
    assert loss.strike() == []
    assert path.read_bytes() == b"first"


def test_what_was_written_after_the_sync_is_not_on_the_disk(store):
    loss, write = store
    path = write("count.txt", "fsync", "write")
    assert loss.strike() == [path]


def test_a_file_keeps_its_bytes_under_a_new_name(store):
    loss, write = store
    path = write("count.txt", "fsync")
    path.rename(path.with_name("renamed.txt"))
    assert loss.strike() == []


def test_what_the_kernel_has_written_back_by_itself_stays(store, monkeypatch):
    loss, write = store
    write("count.txt")
    monkeypatch.setattr(power, "_WRITTEN_BACK_SECONDS", 0.0)
    assert loss.strike() == []
