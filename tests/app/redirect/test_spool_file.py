import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.redirect.spool_file import NAME, SpoolError, SpoolFile


def row(number: int, size: int = 10) -> tuple[bytes, bytes]:
    return number.to_bytes(16, "big"), b"x" * size


@pytest.fixture
def file(tmp_path):
    made = SpoolFile(tmp_path / "spool", 1 << 30)
    yield made
    made.close()


def test_clicks_come_back_in_order_and_once(file):
    file.write([row(3), row(1)])
    file.write([row(2), row(1)])
    assert file.oldest(10) == [row(1), row(2), row(3)]
    assert file.oldest(2) == [row(1), row(2)]
    assert file.oldest(10, after=row(1)[0], before=row(3)[0]) == [row(2)]
    assert file.count() == 3


def test_a_click_confirmed_after_all_is_deleted_with_the_same_commit(file):
    file.write([row(1), row(2)], [row(1)[0]])
    assert file.oldest(10) == [row(2)]
    file.delete([row(2)[0]])
    assert file.count() == 0


def test_two_workers_share_one_spool(file, tmp_path):
    other = SpoolFile(tmp_path / "spool", 1 << 30)
    file.write([row(1)])
    other.write([row(2)])
    assert file.oldest(10) == other.oldest(10) == [row(1), row(2)]
    other.close()


def test_a_full_spool_refuses_the_newest_and_keeps_the_oldest(tmp_path):
    file = SpoolFile(tmp_path, 200_000)
    file.write([row(number, 10_000) for number in range(12)])
    with pytest.raises(SpoolError) as refused:
        file.write([row(number, 10_000) for number in range(12, 24)])
    assert refused.value.reason == "full"
    assert file.count() == 12
    file.delete([row(number)[0] for number in range(12)])
    file.write([row(200, 10_000)])
    assert file.count() == 1
    file.close()


def test_room_is_given_back_to_the_disk(file, tmp_path):
    file.write([row(number, 5_000) for number in range(400)])
    file.delete([row(number)[0] for number in range(400)])
    file.sync()
    assert (tmp_path / "spool" / NAME).stat().st_size < 200_000


def test_a_damaged_spool_is_moved_aside_and_said(tmp_path, caplog):
    (tmp_path / NAME).write_bytes(b"this is no database " * 500)
    file = SpoolFile(tmp_path, 1 << 30)
    file.write([row(1)])
    assert file.oldest(10) == [row(1)]
    assert len(list(tmp_path.glob(f"{NAME}.damaged-*"))) == 1
    assert "damaged" in caplog.text
    file.close()


def test_a_worker_notices_that_another_has_moved_the_spool_aside(file, tmp_path):
    file.write([row(1)])
    directory = tmp_path / "spool"
    for path in list(directory.glob(f"{NAME}*")):
        path.rename(directory / f"aside-{path.name}")
    file.write([row(2)])
    other = SpoolFile(directory, 1 << 30)
    assert other.oldest(10) == [row(2)]
    other.close()


def test_a_directory_that_can_not_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolError) as refused:
        SpoolFile(tmp_path / "file", 1 << 30).write([row(1)])
    assert refused.value.reason == "unusable"


def test_what_was_committed_outlives_kill_9(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    committed = 0
    while committed < 200:
        committed = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    file = SpoolFile(tmp_path, 1 << 30)
    rows = file.oldest(100_000)
    assert rows[:committed] == [row(number) for number in range(committed)]
    file.close()


_WRITER = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path.cwd())!r})
from app.redirect.spool_file import SpoolFile
file = SpoolFile(Path(sys.argv[1]), 1 << 30)
for number in range(1_000_000):
    file.write([(number.to_bytes(16, "big"), b"x" * 10)])
    print(number + 1, flush=True)
"""
