"""Clicks are taken out of files that SQLite would not open, or would not read to their end."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.redirect.redis.resp import encode_command
from app.redirect.spool import table
from app.redirect.spool.file import SpoolFile
from app.redirect.spool.salvage import Salvage, databases_of
from tests.support.redirect.commands import spooled

SIZES = st.sampled_from([0, 10, 480, 900, 1_100, 4_000, 4_100, 9_000, 30_000])


def salvaged(path: Path) -> tuple[dict[bytes, bytes], Salvage]:
    salvage = Salvage(path)
    found = list(salvage.clicks())
    assert len(dict(found)) == len(found) == salvage.whole
    return dict(found), salvage


def copied(spool: Path, to: Path) -> Path:
    """Copy a spool whose files are in use, as a crash of the host would leave it."""
    to.mkdir()
    for name in ("spool.db", "spool.db-wal"):
        if (spool / name).exists():
            shutil.copy(spool / name, to / name)
    return to / "spool.db"


def make(directory: Path, count: int, size: int = 480) -> SpoolFile:
    file = SpoolFile(directory, 1 << 30)
    file.write([spooled(number, size) for number in range(count)])
    return file


@given(
    steps=st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(0, 200), SIZES), max_size=60),
            st.lists(st.integers(0, 200), max_size=60),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=40, deadline=None)
def test_what_sqlite_would_read_is_found_wherever_it_lies(tmp_path_factory, steps):
    directory = tmp_path_factory.mktemp("spool")
    file = SpoolFile(directory, 1 << 30)
    expected: dict[bytes, bytes] = {}
    for added, deleted, syncs in steps:
        rows = [spooled(number, size) for number, size in added]
        file.write(rows)
        for click_id, command in rows:
            expected.setdefault(click_id, command)
        gone = [number.to_bytes(16, "big") for number in deleted]
        file.delete(gone)
        for click_id in gone:
            expected.pop(click_id, None)
        if syncs:
            file.sync()
    found, salvage = salvaged(copied(directory, directory / "copy"))
    file.close()
    assert found == expected
    assert salvage.is_spool
    assert (salvage.counted, salvage.damaged, salvage.missing) == (len(expected), 0, 0)


def test_a_file_on_a_medium_that_cannot_be_written_is_read_with_its_log(tmp_path):
    file = make(tmp_path / "spool", 300)
    copy = copied(tmp_path / "spool", tmp_path / "copy")
    file.close()
    before = {path.name: path.read_bytes() for path in copy.parent.iterdir()}
    copy.parent.chmod(0o500)
    found, _ = salvaged(copy)
    copy.parent.chmod(0o700)
    assert len(found) == 300
    assert {path.name: path.read_bytes() for path in copy.parent.iterdir()} == before


def test_of_a_file_that_is_cut_off_all_but_its_end_is_taken(tmp_path):
    file = make(tmp_path / "spool", 2_000)
    file.sync()
    copy = copied(tmp_path / "spool", tmp_path / "copy")
    file.close()
    (copy.parent / "spool.db-wal").unlink()
    os.truncate(copy, copy.stat().st_size * 6 // 10 + 77)
    found, salvage = salvaged(copy)
    assert 1_000 < len(found) < 2_000
    assert salvage.counted == 2_000
    assert len(found) + salvage.damaged + salvage.missing == 2_000


def test_a_page_of_nonsense_costs_no_click_of_another_page(tmp_path):
    file = make(tmp_path / "spool", 2_000)
    file.sync()
    copy = copied(tmp_path / "spool", tmp_path / "copy")
    file.close()
    (copy.parent / "spool.db-wal").unlink()
    with copy.open("r+b") as opened:
        for page in (0, 20, 40, 60):
            opened.seek(page * table.PAGE_BYTES)
            opened.write(os.urandom(table.PAGE_BYTES))
    found, salvage = salvaged(copy)
    assert 2_000 - 4 * 9 < len(found) < 2_000
    assert salvage.is_spool


def test_a_changed_byte_is_a_damaged_click_with_its_id(tmp_path):
    file = make(tmp_path / "spool", 50)
    file.sync()
    copy = copied(tmp_path / "spool", tmp_path / "copy")
    file.close()
    (copy.parent / "spool.db-wal").unlink()
    content = bytearray(copy.read_bytes())
    at = content.index((7).to_bytes(16, "big"))
    content[at + 100] ^= 1
    copy.write_bytes(content)
    found, salvage = salvaged(copy)
    assert len(found) == 49
    assert salvage.damaged_ids == [(7).to_bytes(16, "big")]


def test_clicks_behind_a_torn_place_of_the_log_are_taken_as_well(tmp_path):
    file = SpoolFile(tmp_path / "spool", 1 << 30)
    for number in range(100):
        file.write([spooled(number, 3_000)])
    copy = copied(tmp_path / "spool", tmp_path / "copy")
    file.close()
    log = copy.parent / "spool.db-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)
    found, _ = salvaged(copy)
    assert len(found) >= 99


def test_the_log_alone_gives_what_was_in_it(tmp_path):
    file = make(tmp_path / "spool", 100)
    copy = copied(tmp_path / "spool", tmp_path / "copy")
    file.close()
    copy.unlink()
    assert len(salvaged(copy)[0]) == 100


def test_a_spool_of_before_there_were_checksums_is_read(tmp_path):
    path = tmp_path / "spool.db"
    ids = [number.to_bytes(16, "big") for number in range(40)]
    head = (b"XADD", b"clicks:stream", b"*", b"click_id")
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE clicks (click_id BLOB PRIMARY KEY, command BLOB NOT NULL) WITHOUT ROWID"
        )
        database.executemany(
            "INSERT INTO clicks VALUES (?, ?)",
            [(each, encode_command(*head, each.hex().encode())) for each in ids],
        )
        database.execute("UPDATE clicks SET command = 'x' WHERE click_id = ?", (ids[3],))
    database.close()
    found, salvage = salvaged(path)
    assert sorted(found) == [each for each in ids if each != ids[3]]
    assert salvage.damaged == 1


@pytest.mark.parametrize("content", [b"", b"no database", os.urandom(100_000)])
def test_what_is_no_spool_is_known_as_none(tmp_path, content):
    path = tmp_path / "spool.db"
    path.write_bytes(content)
    found, salvage = salvaged(path)
    assert not found
    assert not salvage.is_spool


def test_another_database_is_no_spool(tmp_path):
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a, b, c, PRIMARY KEY (a)) WITHOUT ROWID")
        database.execute("INSERT INTO t VALUES ('1234567890123456', 'x', 3)")
    database.close()
    assert not salvaged(path)[1].is_spool


def test_an_empty_spool_is_one(tmp_path):
    file = make(tmp_path, 0)
    file.count()
    file.close()
    assert salvaged(tmp_path / "spool.db")[1].is_spool


def test_the_files_of_a_folder_are_found_the_damaged_ones_as_well(tmp_path):
    for name in ("spool.db", "spool.db-wal", "spool.db.damaged-1", "spool.db.damaged-1-wal"):
        (tmp_path / name).touch()
    wanted = [tmp_path / "spool.db", tmp_path / "spool.db.damaged-1"]
    assert databases_of(tmp_path) == wanted
    assert databases_of(tmp_path / "spool.db-wal") == wanted[:1]


def test_nothing_at_a_place_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        databases_of(tmp_path)
    with pytest.raises(FileNotFoundError):
        databases_of(tmp_path / "spool.db")


def test_memory_is_bounded_whatever_the_size(tmp_path):
    file = SpoolFile(tmp_path, 1 << 30)
    for start in range(0, 60_000, 5_000):
        file.write([spooled(number, 900) for number in range(start, start + 5_000)])
        file.sync()
    file.close()
    program = (
        "import resource, sys; from pathlib import Path;"
        "from app.redirect.spool.salvage import Salvage;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "print(sum(1 for _ in Salvage(Path(sys.argv[1])).clicks()));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "spool.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    count, grown_kib = map(int, ran.stdout.split())
    assert count == 60_000
    assert grown_kib < 20_000
