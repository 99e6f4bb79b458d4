import io
import os
import shlex
from pathlib import Path

import pytest

from app.cli.up import _data_hint, tell


def test_the_folder_that_is_shown_can_be_pasted(make_settings):
    hint = _data_hint(make_settings(data_dir="/srv/my dätä dir"))
    command = hint.partition("`")[2].rstrip("`")
    assert shlex.split(command) == ["export", "HOPLINE_DATA_DIR=/srv/my dätä dir"]


@pytest.mark.parametrize("place", ["/dev/full", "pipe"])
def test_a_line_that_nobody_takes_stops_nothing(monkeypatch, place) -> None:
    with _pipe_without_reader() if place == "pipe" else Path(place).open("w") as output:
        monkeypatch.setattr("sys.stdout", output)
        tell("redirect was killed by SIGKILL: starting it again")
        tell("redirect is back")


def _pipe_without_reader() -> io.TextIOWrapper:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


def test_a_line_that_the_terminal_can_not_show_is_told_in_other_letters(monkeypatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, "ascii"))
    tell("kept in /srv/dätä")
    assert raw.getvalue() == b"'kept in /srv/d\\xe4t\\xe4'\n"
