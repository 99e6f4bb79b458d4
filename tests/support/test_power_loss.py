import os
import subprocess
import sys
from functools import partial

import pytest

from tests.support.power_loss import PowerLoss

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
    """What a loss of power takes, and a function that has a process write a file of a part."""
    loss = PowerLoss(tmp_path)
    part = tmp_path / "store" / "data" / "202601_1_1_0"
    part.mkdir(parents=True)

    def write(name, *steps):
        path = part / name
        environ = {**os.environ, **loss.environ}
        subprocess.run([sys.executable, "-c", PROGRAM, path, *steps], env=environ, check=True)
        return path

    return partial(loss.empty_files, tmp_path / "store"), write


def test_what_was_never_synced_loses_its_bytes(store):
    lose, write = store
    path = write("count.txt")
    assert lose() == [path]
    assert path.read_bytes() == b""


@pytest.mark.parametrize("how", ["fsync", "fdatasync"])
def test_what_was_synced_stays(store, how):
    lose, write = store
    path = write("count.txt", how)
    assert lose() == []
    assert path.read_bytes() == b"first"


def test_what_was_written_after_the_sync_is_not_on_the_disk(store):
    lose, write = store
    path = write("count.txt", "fsync", "write")
    assert lose() == [path]


def test_a_file_keeps_its_bytes_under_a_new_name(store):
    lose, write = store
    path = write("count.txt", "fsync")
    path.rename(path.with_name("renamed.txt"))
    assert lose() == []


def test_what_the_kernel_has_written_back_by_itself_stays(store):
    lose, write = store
    path = write("count.txt")
    assert lose(path.stat().st_mtime_ns + 1) == []


@pytest.mark.parametrize("is_synced", [True, False])
def test_a_part_stays_if_its_name_was_synced(tmp_path, is_synced):
    loss = PowerLoss(tmp_path)
    part = tmp_path / "store" / "202601_1_1_0"
    part.mkdir(parents=True)
    (part / "checksums.txt").touch()
    if is_synced:
        argv = [sys.executable, "-c", "import os, sys; os.fsync(os.open(sys.argv[1], 0))", part]
        subprocess.run(argv, env={**os.environ, **loss.environ}, check=True)
    assert loss.remove_parts(tmp_path / "store") == ([] if is_synced else [part])
    assert part.exists() == is_synced
