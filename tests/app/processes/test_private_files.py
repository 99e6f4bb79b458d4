import os
import resource
import stat
from pathlib import Path

import pytest

from app.processes.private_files import keep_to_ourselves, make_private, write_private


def modes(directory: Path) -> dict[str, str]:
    found = [directory, *directory.rglob("*")]
    return {path.name: f"{stat.S_IMODE(path.lstat().st_mode):o}" for path in found}


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A directory as an older version left it."""
    folder = tmp_path / "spool"
    (folder / "deep").mkdir(parents=True)
    for name in ("spool.db", "spool.db-wal", "spool.db.damaged-1", "deep/x.log"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    folder.chmod(0o755)
    (folder / "deep").chmod(0o755)
    return folder


def test_a_new_directory_is_its_users_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private(tmp_path / "new")
    finally:
        os.umask(before)
    assert modes(tmp_path / "new") == {"new": "700"}


def test_what_an_older_version_left_open_is_closed(wide: Path) -> None:
    make_private(wide, ("spool.db*", "deep"))
    assert set(modes(wide).values()) == {"600", "700"}
    assert modes(wide)["deep"] == modes(wide)["spool"] == "700"


def test_a_directory_that_others_use_too_is_left_to_them(wide: Path) -> None:
    (wide / "somebody-elses").touch(mode=0o644)
    make_private(wide, ("spool.db*", "deep"))
    found = modes(wide)
    assert (found["spool"], found["somebody-elses"]) == ("755", "644")
    assert (found["spool.db"], found["deep"], found["x.log"]) == ("600", "700", "600")


def test_links_lead_to_nothing_that_is_changed(wide: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "file").touch(mode=0o644)
    (wide / "deep" / "link").symlink_to(outside / "file")
    (wide / "deep" / "directory").symlink_to(outside)
    make_private(wide)
    assert modes(outside) == {"outside": "755", "file": "644"}


def test_files_and_children_are_private_from_then_on(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        keep_to_ourselves()
        (tmp_path / "file").touch()
        os.system(f"touch {tmp_path}/childs")
    finally:
        os.umask(before)
    assert [modes(tmp_path)[name] for name in ("file", "childs")] == ["600", "600"]


def test_a_file_that_a_full_disk_does_not_take_is_named(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="too large") as failed:
            write_private(tmp_path / "running.env", "HOPLINE_X=1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert failed.value.filename == str(tmp_path / "running.env")
