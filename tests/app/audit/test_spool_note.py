import pytest

from app.audit.spool import SpoolUnreadable
from app.audit.spool_note import SpoolNote


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "spool"
    made.mkdir()
    (made / "spool.db").touch()
    return made


@pytest.fixture
def note(directory):
    return SpoolNote(directory, lambda: 1_790_000_000.5)


def delete(directory):
    (directory / "spool.db").unlink()
    directory.rmdir()


def make(directory):
    directory.mkdir()
    (directory / "spool.db").touch()


def test_clicks_of_a_deleted_spool_are_missed_once_and_stay_known(directory, note):
    note.write(240)
    assert (note.lost(), note.miss()) == (0, 0)
    delete(directory)
    assert note.lost() == 240
    assert (note.miss(), note.miss()) == (240, 0)
    make(directory)
    assert note.lost() == 240
    note.write(3)
    delete(directory)
    assert (note.miss(), note.lost()) == (3, 243)


def test_what_was_drained_is_not_missed(directory, note):
    note.write(240)
    SpoolNote(directory).write(0)
    delete(directory)
    assert (note.miss(), note.lost()) == (0, 0)


def test_a_spool_in_which_nothing_ever_waited_leaves_no_note(directory, note):
    note.write(0)
    assert not note.path.exists()
    delete(directory)
    assert (note.miss(), note.lost()) == (0, 0)


def test_a_note_is_for_nobody_else(note):
    note.write(1)
    assert note.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"clicks": 1}', b"\xff" * 300])
def test_what_is_no_note_says_nothing(directory, note, content):
    note.path.write_bytes(content)
    delete(directory)
    assert (note.miss(), note.lost()) == (0, 0)
    note.write(2)
    assert note.lost() == 2


def test_where_no_note_can_be_written_all_goes_on(directory, note):
    note.path.mkdir()
    note.write(240)
    delete(directory)
    assert (note.miss(), note.lost()) == (0, 0)


def test_a_spool_that_is_closed_to_us_is_not_taken_for_a_deleted_one(closed_folder):
    with pytest.raises(SpoolUnreadable, match="Permission denied"):
        SpoolNote(closed_folder / "spool").lost()
