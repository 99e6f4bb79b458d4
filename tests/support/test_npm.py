from pathlib import Path

import pytest

from tests.support.npm import installed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true}')
    return folder


def test_a_folder_is_built_once_and_again_when_it_changes(folder: Path, tmp_path: Path) -> None:
    cache, log = tmp_path / "cache", tmp_path / "log"
    build = ("sh", "-c", f"mkdir -p node_modules; echo built >>{log}")
    first = installed(folder, cache, build)
    assert installed(folder, cache, build) == first
    assert log.read_text() == "built\n"
    assert not (first / "node_modules").exists()
    (folder / "main.js").write_text("1")
    second = installed(folder, cache, build)
    assert second != first
    assert (second / "main.js").read_text() == "1"
    assert log.read_text() == "built\n" * 2


def test_what_was_broken_off_is_done_anew(folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "well"
    build = ("sh", "-c", f"mkdir -p node_modules; test -e {marker}")
    with pytest.raises(AssertionError, match="sh: "):
        installed(folder, tmp_path / "cache", build)
    marker.touch()
    assert (installed(folder, tmp_path / "cache", build) / "installed").exists()
