"""A spool on a disk that is full, of its clicks or of something else."""

import itertools
import os
import subprocess

import pytest

from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.location import NAME
from tests.conftest import missing
from tests.support.redirect.commands import spooled as row


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], check=False
    )
    if mounted.returncode:
        missing("the right to mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_the_spool_filled_drains_also_after_a_restart(small_disk):
    file = SpoolFile(small_disk, 1 << 30)

    def write_all() -> None:
        for start in itertools.count(0, 50):
            file.write([row(number, 1000) for number in range(start, start + 50)])

    with pytest.raises(SpoolError) as full:
        write_all()
    assert full.value.reason == "full"
    (small_disk / "other").write_bytes(bytes(os.statvfs(small_disk).f_bavail * 4096))
    file.close()
    file = SpoolFile(small_disk, 1 << 30)
    file.sync()
    while rows := file.oldest(250):
        file.delete([click_id for click_id, _ in rows])
        file.sync()
    assert file.count() == 0
    (small_disk / "other").unlink()
    file.sync()
    file.write([row(1)])
    assert file.count() == 1
    file.close()


def test_a_spool_deleted_to_make_room_on_a_full_disk_drains_all_the_same(small_disk, caplog):
    file = SpoolFile(small_disk, 1 << 30)
    file.write([row(number, 1000) for number in range(600)])
    file.sync()
    free_bytes = os.statvfs(small_disk).f_bavail * 4096
    (small_disk / "other").write_bytes(bytes(free_bytes))
    for path in small_disk.glob(f"{NAME}*"):
        path.unlink()
    with pytest.raises(SpoolError):
        file.write([row(5_000)])
    assert caplog.text.count("its clicks can't be put back") == 1
    drained = []
    while rows := file.oldest(250):
        drained += rows
        file.delete([click_id for click_id, _ in rows])
        file.sync()
    assert drained[:600] == [row(number, 1000) for number in range(600)]
    (small_disk / "other").unlink()
    file.sync()
    file.write([row(6_000)])
    other = SpoolFile(small_disk, 1 << 30)
    assert other.oldest(10) == [row(6_000)]
    for each in (file, other):
        each.close()
