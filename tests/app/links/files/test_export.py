import errno
import io
import json
import os
import re
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.files.export import replacing, write_links
from app.links.files.rows import read_rows
from app.links.json import NewLink, to_plain
from app.links.link import REDIRECT_STATUSES, Link
from app.links.validation import InvalidLink, LinkOptions


def read_back(text: str) -> list[NewLink | InvalidLink]:
    return [row.link for row in read_rows(io.BytesIO(text.encode()))]


def write(file: Path, text: str = "new") -> None:
    with replacing(file) as opened:
        opened.write(text)


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("old")
    file.chmod(0o600)
    write(file)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("old")
    with suppress(ZeroDivisionError), replacing(file) as opened:
        opened.write("half")
        raise ZeroDivisionError
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_keeps_its_owner_where_that_can_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "links.csv"
    file.write_text("old")
    owner = file.stat().st_uid, file.stat().st_gid
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _file, *held: given.append(held))
    write(file)
    assert given == [owner]

    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refuse)
    write(file, "newer")
    assert file.read_text() == "newer"


def test_a_file_beside_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "links.csv.part").write_text("mine")
    write(tmp_path / "links.csv")
    assert (tmp_path / "links.csv.part").read_text() == "mine"


def test_a_name_as_long_as_names_may_be_will_do(tmp_path: Path) -> None:
    write(tmp_path / f"{'x' * 251}.csv")
    assert [len(file.name) for file in tmp_path.iterdir()] == [255]


def test_a_file_that_is_mounted_by_itself_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "links.csv"
    file.write_text("old")

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", busy)
    write(file)
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_in_a_folder_that_can_not_be_changed_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "links.csv"
    file.write_text("old")
    held = file.stat().st_ino
    monkeypatch.setattr(os, "access", lambda place, _mode: Path(place) != tmp_path)
    write(file)
    assert (file.read_text(), file.stat().st_ino) == ("new", held)


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_stays_and_what_it_leads_to_is_written(
    tmp_path: Path, exists: bool
) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "links.csv"
    if exists:
        real.write_text("old")
    link.symlink_to("real.csv")
    write(link)
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join(60)
    assert got == ["new"]
    assert pipe.is_fifo()


def test_a_descriptor_of_a_shell_is_written_to() -> None:
    reading, writing = os.pipe()
    write(Path(f"/dev/fd/{writing}"))
    os.close(writing)
    assert os.read(reading, 10) == b"new"
    os.close(reading)


def test_a_device_is_written_to_and_its_complaint_is_heard() -> None:
    with pytest.raises(OSError, match="No space left"):
        write(Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


codes = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,9}", fullmatch=True)


times_ms = st.integers(0, 4_102_444_799_999)


links = st.builds(
    Link,
    code=codes,
    target=st.sampled_from(["https://a.b/", "https://a.b/?q=%22,%3B%27", "http://[::1]:9/#x"]),
    created_ms=times_ms,
    updated_ms=times_ms,
    status=st.sampled_from(REDIRECT_STATUSES),
    expires_at=st.none() | st.integers(0, 4_102_444_799),
    click_limit=st.none() | st.integers(1, 10**12),
    forward_query=st.booleans(),
    cache_control=st.none() | st.sampled_from(["no-cache", 'private="x, y", max-age=1']),
    tags=st.lists(st.sampled_from(["a", "b-c", "über", "x:y"]), unique=True).map(
        lambda tags: tuple(sorted(tags))
    ),
    title=st.text(
        st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" ,;\"'=+-@\uff1d")
    )
    .map(str.strip)
    .filter(lambda title: len(title) <= 200),
    disabled=st.booleans(),
)


options = LinkOptions([], allow_private_targets=True)


@pytest.mark.parametrize(
    "title", ["=1", "+1", "-1", "@A", "'=1", "\uff1d1", "\uff0b1", "''-x", "'x", "x=1"]
)
@pytest.mark.parametrize("neutralise", [True, False])
def test_no_cell_begins_a_formula_where_that_is_wanted(title: str, neutralise: bool) -> None:
    file = io.StringIO(newline="")
    link = Link(code="x", target="https://a.b/", created_ms=5, updated_ms=6, title=title)
    write_links(file, [link], "csv", neutralise=neutralise)
    row = file.getvalue().splitlines()[1]
    assert bool(re.search(r",[=+\-@\uff1d\uff0b]", row)) is (
        not neutralise and title[0] in "=+-@\uff1d\uff0b"
    )
    [held] = read_back(file.getvalue())
    assert isinstance(held, NewLink)
    assert held.given["title"] == title


@pytest.mark.parametrize(("form", "neutralise"), [("csv", False), ("csv", True), ("jsonl", False)])
@given(held=st.lists(links, max_size=5))
def test_what_is_written_reads_back_the_same(form: str, neutralise: bool, held: list[Link]) -> None:
    file = io.StringIO(newline="")
    write_links(file, held, form, neutralise=neutralise)
    rows = read_back(file.getvalue())
    assert [_stored(row) for row in rows] == [{**to_plain(link), "updated_at": ""} for link in held]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_tombstone_reads_back_as_one(form: str) -> None:
    file = io.StringIO(newline="")
    write_links(file, [Link(code="x", target="", created_ms=5, updated_ms=6, deleted=True)], form)
    [row] = read_back(file.getvalue())
    assert isinstance(row, NewLink)
    assert (row.code, row.created_ms, row.deleted) == ("x", 5, True)


def test_json_lines_are_the_plain_form() -> None:
    file = io.StringIO()
    link = Link(code="x", target="https://a.b/", created_ms=5, updated_ms=6)
    write_links(file, [link], "jsonl")
    assert json.loads(file.getvalue()) == to_plain(link)


def _stored(row: NewLink | InvalidLink) -> dict[str, object]:
    assert isinstance(row, NewLink)
    held = options.check(row.given, now=0.0)
    link = Link(code=row.code, created_ms=row.created_ms, updated_ms=0, **held)
    return {**to_plain(link), "updated_at": ""}
