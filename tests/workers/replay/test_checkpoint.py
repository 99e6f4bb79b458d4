from collections import Counter

import orjson
import pytest

from workers.replay.changes import Changes
from workers.replay.checkpoint import Notebook, Notes, NotesUnusable
from workers.replay.stored_clicks import Cursor

CHANGED = Changes.from_plain({"country": [3, True, [["DE", "FR", 3]]]})


def notes(**changes) -> Notes:
    return Notes(5, 1, 9, b"1-0", b"(9-0", **changes)


def test_notes_come_back_as_they_were_written(tmp_path):
    notebook = Notebook(tmp_path / "new", ("url", "7d", ""))
    assert notebook.read() is None
    for written in (
        notes(),
        notes(is_stream_done=True, month=202605, after=Cursor("ü".encode(), 7, bytes(range(16)))),
        notes(
            counts=Counter(read=7),
            changed=Changes.from_plain({"country": [3, True, [["DE", "FR", 3]]]}),
        ),
    ):
        notebook.write(written)
        assert notebook.read() == written
    notebook.forget()
    assert notebook.read() is None


def test_replays_that_were_typed_differently_have_notes_of_their_own(tmp_path):
    first, second = (Notebook(tmp_path, typed) for typed in (("7d", ""), ("", "7d")))
    first.write(notes())
    assert second.read() is None


@pytest.mark.parametrize("content", [b"", b"{}", b'{"after": 5}', b"[]"])
def test_notes_that_can_not_be_read_are_said(tmp_path, content):
    notebook = Notebook(tmp_path, ("7d",))
    notebook.write(notes())
    [path] = tmp_path.glob("*.json")
    path.write_bytes(content)
    with pytest.raises(NotesUnusable, match=path.name):
        notebook.read()


def test_notes_of_a_version_before_say_how_many_clicks_changed(tmp_path):
    """It noted totals alone, and its replay may go on with this version."""
    notebook = Notebook(tmp_path, ("7d",))
    notebook.write(notes())
    [path] = tmp_path.glob("*.json")
    plain = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps(plain | {"changed": {"country": 3}}))
    read = notebook.read()
    assert read.changed.totals() == {"country": 3}
    [found] = read.changed.top(5)
    assert (found.top, found.others, found.is_exact) == ((), 3, False)
