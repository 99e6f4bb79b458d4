import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from app.link_files.export import replacing


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
