import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from app.clicks.click import new_click_id
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.location import NAME
from tests.support.redirect.commands import spooled as row


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


@pytest.fixture
def found():
    """What is told of damage."""
    return []


def test_a_spool_that_is_no_database_is_moved_aside_and_said(tmp_path, found):
    (tmp_path / NAME).write_bytes(b"this is no database " * 500)
    file = SpoolFile(tmp_path, 1 << 30, found.append)
    file.write([row(1)])
    assert file.oldest(10) == [row(1)]
    assert len(list(tmp_path.glob(f"{NAME}.damaged-*"))) == 1
    assert [(damage.kind, damage.number) for damage in found] == [("database", 1)]
    file.close()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_of_a_spool_that_was_cut_off_what_can_be_read_is_kept(tmp_path, found, share):
    path = filled(tmp_path, 2_000)
    size = path.stat().st_size
    os.truncate(path, int(size * share))
    file = SpoolFile(tmp_path, 1 << 30, found.append)
    file.write([row(5_000)])
    assert found[0].kind == "database"
    kept = file.oldest(10_000)
    assert kept[-1] == row(5_000)
    written = [row(number, 500) for number in range(2_000)]
    assert [one for one in kept[:-1] if one not in written] == []
    assert len(kept) > 2_000 * share * 0.9
    assert file.count() == len(kept)
    file.close()


def test_clicks_on_both_sides_of_a_damaged_place_are_kept(tmp_path, found):
    path = filled(tmp_path, 2_000)
    with path.open("r+b") as raw:
        raw.seek(path.stat().st_size // 2 // 4096 * 4096)
        raw.write(b"\xff" * 4096)
    file = SpoolFile(tmp_path, 1 << 30, found.append)
    with pytest.raises(SpoolError):
        file.oldest(10_000)
    kept = [int.from_bytes(click_id, "big") for click_id, _ in file.oldest(10_000)]
    assert kept[-1] == 1_999
    assert 1_900 < len(kept) < 2_000
    file.close()


def test_a_log_that_was_cut_off_loses_only_its_end(tmp_path, found):
    path = filled(tmp_path, 10)
    file = SpoolFile(tmp_path, 1 << 30)
    for number in range(10, 60):
        file.write([row(number, 500)])
    aside = tmp_path / "copy"
    shutil.copytree(tmp_path, aside)
    file.close()
    log = aside / f"{NAME}-wal"
    (aside / f"{NAME}-shm").unlink()
    os.truncate(log, log.stat().st_size * 2 // 3)
    cut = SpoolFile(aside, 1 << 30, found.append)
    kept = cut.oldest(1_000)
    assert kept == [row(number, 500) for number in range(len(kept))]
    assert 30 < len(kept) < 60
    assert found == []
    assert path.exists()
    cut.close()


def test_a_click_whose_bytes_changed_is_set_aside_and_the_others_go_on(tmp_path, found):
    file = SpoolFile(tmp_path, 1 << 30, found.append)
    file.write([row(number) for number in range(5)])
    with closing(sqlite3.connect(tmp_path / NAME)) as database, database:
        database.execute("UPDATE clicks SET command = ? WHERE click_id = ?", (b"y", row(2)[0]))
    assert file.oldest(10) == [row(0), row(1), row(3), row(4)]
    assert [(damage.kind, damage.number) for damage in found] == [("clicks", 1)]
    assert file.count() == 4
    file.close()


def test_a_click_whose_id_changed_and_is_out_of_order_does_not_stop_the_others(tmp_path, found):
    path = filled(tmp_path, 5)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(row(1)[0], b"\xee" + row(1)[0][1:]))
    file = SpoolFile(tmp_path, 1 << 30, found.append)
    with pytest.raises(SpoolError, match="not where its id says") as refused:
        file.oldest(10)
    assert refused.value.reason == "damaged"
    assert [damage.kind for damage in found] == ["database"]
    assert file.oldest(10) == [row(number, 500) for number in (0, 2, 3, 4)]
    assert file.count() == 4
    file.close()


def test_a_click_that_was_deleted_meanwhile_need_not_be_set_aside(file, found):
    file.write([row(1), row(2)])
    file.delete([row(1)[0]])
    file.set_aside([row(1)[0]], "it can't be sent")
    assert file.oldest(10) == [row(2)]


def test_what_is_committed_while_another_moves_the_file_is_written_again(tmp_path, monkeypatch):
    file = SpoolFile(tmp_path, 1 << 30)
    file.write([row(1)])
    answers = iter([True, False])
    monkeypatch.setattr(file._location, "holds", lambda _: next(answers, True))
    file.write([row(2)])
    monkeypatch.undo()
    assert file.oldest(10) == [row(1), row(2)]
    file.close()


def test_it_tells_how_full_it_is(file):
    empty = file.filling()
    assert (empty.clicks, empty.oldest_ms) == (0, None)
    ids = [new_click_id(1_790_000_000_000 + number, bytes(10)) for number in range(300)]
    file.write([(each, b"x" * 500) for each in ids])
    file.write([(ids[0], b"y")], [ids[-1]])
    full = file.filling()
    assert (full.clicks, full.oldest_ms) == (299, 1_790_000_000_000)
    assert 150_000 < full.size_bytes - empty.size_bytes < 300_000
    file.delete(ids)
    assert file.filling() == empty


def filled(directory: Path, count: int) -> Path:
    """Return the path of a closed database that holds so many clicks."""
    file = SpoolFile(directory, 1 << 30)
    file.write([row(number, 500) for number in range(count)])
    file.close()
    return directory / NAME


def test_a_worker_notices_that_another_has_moved_the_spool_aside(file, tmp_path):
    file.write([row(1)])
    directory = tmp_path / "spool"
    for path in list(directory.glob(f"{NAME}*")):
        path.rename(directory / path.name.replace(NAME, f"{NAME}.damaged-1"))
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
from app.clicks.click import new_click_id
from app.redirect.spool.file import SpoolFile
file = SpoolFile(Path(sys.argv[1]), 1 << 30)
for number in range(1_000_000):
    file.write([(number.to_bytes(16, "big"), b"x" * 10)])
    print(number + 1, flush=True)
"""


def test_clicks_of_a_spool_deleted_while_in_use_are_kept_and_it_is_said(tmp_path):
    said: list[str] = []
    file = SpoolFile(tmp_path / "spool", 1 << 30, lambda damage: said.append(damage.text))
    other = SpoolFile(tmp_path / "spool", 1 << 30)
    file.write([row(1), row(2)])
    other.write([row(3)])
    for path in (tmp_path / "spool").glob("spool.db*"):
        path.unlink()
    file.write([row(4)])
    assert file.oldest(10) == other.oldest(10) == [row(1), row(2), row(3), row(4)]
    assert file.count() == 4
    assert "was deleted or moved while in use; 3 clicks of it are kept" in said[0]
    file.close()
    other.close()


@pytest.mark.parametrize("is_written_to", [True, False])
def test_clicks_of_a_spool_whose_database_alone_was_moved_away_are_kept(tmp_path, is_written_to):
    workers = [SpoolFile(tmp_path / "spool", 1 << 30) for _ in range(3)]
    for number, worker in enumerate(workers):
        worker.write([row(100 * number + count, 500) for count in range(50)])
    (tmp_path / "spool" / NAME).rename(tmp_path / "away.db")
    for number, worker in enumerate(workers):
        if is_written_to:
            worker.write([row(1_000 + number)])
        else:
            worker.oldest(1)
    fresh = SpoolFile(tmp_path / "spool", 1 << 30)
    assert len(fresh.oldest(1_000)) == fresh.count() == 150 + 3 * is_written_to
    assert all(worker.oldest(1_000) == fresh.oldest(1_000) for worker in workers)
    for worker in (*workers, fresh):
        worker.close()


def test_a_worker_that_opens_the_spool_while_another_moves_it_aside_loses_nothing(
    tmp_path, monkeypatch
):
    path = filled(tmp_path, 200)
    with path.open("r+b") as raw:
        raw.seek(path.stat().st_size // 2 // 4096 * 4096)
        raw.write(b"\xff" * 4096)
    finder, other = SpoolFile(tmp_path, 1 << 30), SpoolFile(tmp_path, 1 << 30)
    other.write([row(1_000)])
    writing = threading.Thread(target=other.write, args=([row(1_001)],))
    rename = Path.rename

    def rename_slowly(path, target):
        renamed = rename(path, target)
        if path.name == NAME:
            writing.start()
            writing.join(0.5)
        return renamed

    monkeypatch.setattr(Path, "rename", rename_slowly)
    with pytest.raises(SpoolError):
        finder.oldest(1_000)
    writing.join()
    fresh = SpoolFile(tmp_path, 1 << 30)
    assert fresh.oldest(1_000)[-2:] == [row(1_000), row(1_001)]
    for file in (finder, other, fresh):
        file.close()


def test_a_spool_that_something_else_was_put_in_the_place_of_is_kept(tmp_path, found):
    file = SpoolFile(tmp_path, 1 << 30, found.append)
    file.write([row(1)])
    for path in tmp_path.glob(f"{NAME}*"):
        path.unlink()
    (tmp_path / NAME).write_bytes(b"this is no database " * 500)
    file.write([row(2)])
    assert file.oldest(10) == [row(1), row(2)]
    assert [damage.kind for damage in found] == ["database", "database"]
    file.close()


def test_clicks_that_are_gone_are_in_no_file_any_more(file):
    secret = b"XADD 198.51.100.213"
    file.write([(row(number)[0], secret) for number in range(300)])
    file.sync()
    file.delete([row(number)[0] for number in range(299)])
    file.write([], [row(299)[0]])
    assert any(secret in path.read_bytes() for path in file.directory.iterdir())
    file.sync()
    assert not any(secret in path.read_bytes() for path in file.directory.iterdir())
