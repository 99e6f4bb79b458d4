import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.audit.click_ref import ClickRef
from app.audit.spool import SpoolUnreadable, count_spooled, spooled
from app.clicks.click import new_click_id
from app.redirect.spool.file import SpoolFile
from app.redirect.spool.location import NAME

NOON_MS = 1_778_414_400_000


def click_ids(count: int) -> list[bytes]:
    return [new_click_id(NOON_MS + n, n.to_bytes(10, "big")) for n in range(count)]


@pytest.fixture
def file(tmp_path):
    file = SpoolFile(tmp_path, 1 << 24)
    yield file
    file.close()


def test_where_there_is_no_spool_nothing_waits(tmp_path):
    assert list(spooled(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()


def test_every_click_in_it_is_seen_with_its_time(tmp_path, file):
    ids = click_ids(3)
    file.write([(one, b"XADD") for one in ids])
    assert list(spooled(tmp_path)) == [ClickRef(NOON_MS + n, ids[n]) for n in range(3)]
    file.delete(ids[:1])
    assert len(list(spooled(tmp_path))) == 2


def test_one_in_a_relative_folder_is_read_as_well(tmp_path, file, monkeypatch):
    file.write([(one, b"XADD") for one in click_ids(2)])
    monkeypatch.chdir(tmp_path.parent)
    assert len(list(spooled(Path(tmp_path.name)))) == 2


def test_a_large_one_is_read_in_pages_while_it_is_written(tmp_path, file):
    ids = click_ids(10_500)
    file.write([(one, b"XADD") for one in ids])
    seen = spooled(tmp_path)
    next(seen)
    file.write([(new_click_id(NOON_MS + 60_000, bytes(10)), b"XADD")])
    assert sum(1 for _ in seen) == 10_500


def test_one_that_is_locked_by_a_writer_can_be_read(tmp_path, file):
    file.write([(one, b"XADD") for one in click_ids(2)])
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as writer, writer:
        writer.execute("BEGIN IMMEDIATE")
        assert len(list(spooled(tmp_path))) == 2
    writer.close()


def test_one_that_is_damaged_is_no_empty_one(tmp_path):
    (tmp_path / NAME).write_bytes(b"SQLite format 4\0" + bytes(5000))
    with pytest.raises(SpoolUnreadable, match=r"spool\.db can't be read"):
        list(spooled(tmp_path))


def test_a_spool_in_a_folder_that_is_closed_to_us_is_not_taken_for_an_empty_one(closed_folder):
    with pytest.raises(SpoolUnreadable, match="Permission denied"):
        list(spooled(closed_folder / "spool"))


def test_the_number_of_clicks_is_read_and_none_of_them(tmp_path, file):
    assert count_spooled(tmp_path / "none") == 0
    ids = click_ids(3)
    file.write([(one, b"XADD") for one in ids])
    file.delete(ids[:1])
    assert count_spooled(tmp_path) == 2
    with closing(sqlite3.connect(tmp_path / NAME)) as writer, writer:
        writer.execute("UPDATE totals SET clicks = 3000000")
    assert count_spooled(tmp_path) == 3_000_000


def test_a_damaged_one_tells_no_number(tmp_path):
    (tmp_path / NAME).write_bytes(b"SQLite format 4\0" + bytes(5000))
    with pytest.raises(SpoolUnreadable, match=r"spool\.db can't be read"):
        count_spooled(tmp_path)


def test_one_that_is_closed_to_us_tells_no_number(closed_folder):
    with pytest.raises(SpoolUnreadable, match="Permission denied"):
        count_spooled(closed_folder / "spool")
