import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from app.links.files.export import replacing


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
    reader.join(10)
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
