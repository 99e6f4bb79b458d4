import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.config.loading import load
from app.local import data_dir
from app.local.data_dir import _ORPHAN_SECONDS, DataDir, DataDirRefused


@pytest.fixture
def said():
    return []


def test_a_folder_is_made_where_there_is_none(tmp_path, said):
    data = DataDir(tmp_path / "new" / "folder")
    with data.held(said.append):
        assert data.valkey.is_dir()
        assert data.logs.is_dir()
    assert said == []


def test_a_second_run_is_refused_with_the_first_ones_process(tmp_path, said):
    with (
        DataDir(tmp_path).held(said.append),
        pytest.raises(DataDirRefused, match=rf"already running .*process {os.getpid()}"),
        DataDir(tmp_path).held(said.append),
    ):
        pass


def test_a_folder_is_free_again_after_a_run(tmp_path, said):
    for _ in range(2):
        with DataDir(tmp_path).held(said.append):
            pass


def test_orphans_of_a_killed_run_are_waited_for(tmp_path, said):
    """A child that inherited the lock holds the folder until it ends."""
    with DataDir(tmp_path).held(said.append) as lock:
        orphan = subprocess.Popen(
            [sys.executable, "-c", "input()"], pass_fds=(lock,), stdin=subprocess.PIPE
        )
    (tmp_path / "lock").write_text("0")

    def end_the_orphan(text):
        said.append(text)
        orphan.communicate(b"\n")

    with DataDir(tmp_path).held(end_the_orphan):
        assert said == ["waiting for the processes of the last run to end"]


def test_who_asks_to_stop_need_not_wait_for_the_processes_of_the_last_run(tmp_path, said):
    with DataDir(tmp_path).held(said.append) as lock:
        orphan = subprocess.Popen(
            [sys.executable, "-c", "input()"], pass_fds=(lock,), stdin=subprocess.PIPE
        )
    (tmp_path / "lock").write_text("0")
    began = time.monotonic()
    with (
        pytest.raises(DataDirRefused, match="of a run that was killed still use"),
        DataDir(tmp_path).held(said.append, lambda: len(said) > 0),
    ):
        pytest.fail("it is not ours")
    orphan.communicate(b"\n")
    assert time.monotonic() - began < _ORPHAN_SECONDS


def test_a_file_in_the_way_is_one_line(tmp_path, said):
    (tmp_path / "file").touch()
    with (
        pytest.raises(DataDirRefused, match=r"can't use .*: Not a directory"),
        DataDir(tmp_path / "file" / "folder").held(said.append),
    ):
        pass


def test_a_disk_with_little_room_is_refused(tmp_path, said, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=5_000_000)
    monkeypatch.setattr(data_dir.shutil, "disk_usage", lambda _: usage)
    with (
        pytest.raises(DataDirRefused, match=r"has 5 MB free: make 200 MB free.*--data"),
        DataDir(tmp_path).held(said.append),
    ):
        pass


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def write_text(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(DataDirRefused, match="the disk is full; make room"):
        DataDir(tmp_path).write_running({"redis_url": "redis://"})


@pytest.mark.parametrize("password", ["", "p%23w", "it's", 'a"b', "back\\slash"])
def test_what_runs_is_written_for_the_command_and_taken_away(tmp_path, monkeypatch, password):
    url = f"redis://:{password}@127.0.0.1:7000/0"
    monkeypatch.setenv("HOPLINE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("HOPLINE_REDIS_URL", raising=False)
    data = DataDir(tmp_path)
    data.write_running({"redis_url": url})
    assert load().redis_url == url
    assert (tmp_path / "running.env").stat().st_mode & 0o777 == 0o600
    data.remove_running()
    data.remove_running()
    assert load().redis_url == "redis://127.0.0.1:6379/0"


def test_the_last_runs_log_is_kept_once(tmp_path, said):
    data = DataDir(tmp_path)
    with data.held(said.append):
        for text in ("first", "second", "third"):
            data.log_path("redirect").write_text(text)
    assert (tmp_path / "logs" / "redirect.log").read_text() == "third"
    assert (tmp_path / "logs" / "redirect.log.1").read_text() == "second"
