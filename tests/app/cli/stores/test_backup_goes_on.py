"""Backups that broke off or were killed, and go on with the parts that are there."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from app.backup.archive import ArchiveWriter
from tests.app.cli.stores.conftest import all_clicks

Run = Callable[..., Any]
#: Backs up in parts of two clicks, and is killed at a step: before a part that is written is noted,
#: and before the archive, of which all is there, gets its name.
KILLED = """
import os, signal, sys
from app.backup import archive, clicks
from app.cli.entry import main

step, directory = sys.argv[1:]
left = int(step)

def counted(function):
    def run(*arguments):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return run

clicks.PART_ROWS = 2
archive._sha256 = counted(archive._sha256)
archive.Path.replace = counted(archive.Path.replace)
archive.Path.rename = counted(archive.Path.rename)
sys.argv[1:] = ["backup", directory]
main()
"""


@pytest.mark.parametrize("whole_parts", [0, 1, 6, 7, 8, 9])
def test_a_backup_that_broke_off_goes_on_where_it_was(
    hopline: Run,
    filled: str,
    elsewhere: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole_parts: int,
) -> None:
    # Of 4, 3 and 3 clicks in three months; the links and what lies beside them come before.
    monkeypatch.setattr("app.backup.clicks.PART_ROWS", 2)
    clicks, directory = all_clicks(filled), tmp_path / "backup"
    parts: list[str] = []
    add = ArchiveWriter.add_text

    def break_off(writer: ArchiveWriter, name: str, chunks: Iterable[bytes]) -> None:
        if len(parts) == whole_parts:
            (tmp_path / "backup.part" / f"{name}.jsonl.gz").write_bytes(b"half of it")
            raise OSError(28, "No space left on device")
        parts.append(name)
        add(writer, name, chunks)

    with monkeypatch.context() as broken:
        broken.setattr(ArchiveWriter, "add_text", break_off)
        ended = hopline("backup", str(directory))
    assert (ended.exit_code, "No space left" in ended.err, directory.exists()) == (1, True, False)
    ended = hopline("backup", str(directory))
    assert (ended.exit_code, "going on with" in ended.err) == (0, whole_parts > 0)
    assert ended.out == f"3 links and 10 clicks are in {directory}\n"
    assert sorted(path.name.partition(".")[0] for path in directory.glob("*.gz")) == [
        "clicks-202603",
        "clicks-202603-2",
        "clicks-202604",
        "clicks-202604-2",
        "clicks-202605",
        "clicks-202605-2",
        "imported",
        "keys",
        "links",
        "shares",
        "trail",
        "webhooks",
    ]
    url = elsewhere()
    assert hopline("restore", str(directory)).exit_code == 0
    assert all_clicks(url) == clicks


@pytest.mark.parametrize("step", [1, 2, 5, 6, 25, 26])
def test_a_backup_that_was_killed_goes_on_where_it_was(
    hopline: Run,
    filled: str,
    elsewhere: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
) -> None:
    clicks, directory = all_clicks(filled), tmp_path / "backup"
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(step), str(directory)], check=False, timeout=240
    )
    assert (ended.returncode, directory.exists()) == (-signal.SIGKILL, False)
    monkeypatch.setattr("app.backup.clicks.PART_ROWS", 2)
    again = hopline("backup", str(directory))
    assert (again.exit_code, "going on with" in again.err) == (0, step > 2)
    assert again.out == f"3 links and 10 clicks are in {directory}\n"
    url = elsewhere()
    assert hopline("restore", str(directory)).exit_code == 0
    assert all_clicks(url) == clicks
