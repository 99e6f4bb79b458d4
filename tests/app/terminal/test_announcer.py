import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.terminal.announcer import Announcer


def test_lines_are_written_in_order(monkeypatch, tmp_path):
    with (tmp_path / "out").open("w") as output:
        monkeypatch.setattr("sys.stdout", output)
        with Announcer() as announcer:
            announcer.say("redirect was killed by SIGKILL: starting it again")
            announcer.say("redirect is back")
    assert (tmp_path / "out").read_text() == (
        "redirect was killed by SIGKILL: starting it again\nredirect is back\n"
    )


@pytest.mark.parametrize("place", ["/dev/full", "pipe"])
def test_a_line_that_nobody_takes_stops_nothing(monkeypatch, place):
    with _pipe_without_reader() if place == "pipe" else Path(place).open("w") as output:
        monkeypatch.setattr("sys.stdout", output)
        with Announcer() as announcer:
            announcer.say("redirect was killed by SIGKILL: starting it again")
            announcer.say("redirect is back")


def _pipe_without_reader() -> io.TextIOWrapper:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


def test_a_line_that_the_terminal_can_not_show_is_told_in_other_letters(monkeypatch, tmp_path):
    with (tmp_path / "out").open("w", encoding="ascii") as output:
        monkeypatch.setattr("sys.stdout", output)
        with Announcer() as announcer:
            announcer.say("kept in /srv/dätä")
    assert (tmp_path / "out").read_bytes() == b"'kept in /srv/d\\xe4t\\xe4'\n"


_TALKER = """
import sys
from app.terminal.announcer import Announcer
with Announcer() as announcer:
    for number in range(2000):
        announcer.say(f"{number} " + "x" * 100)
    print("went on", file=sys.stderr)
"""


def test_who_reads_nothing_holds_up_neither_the_work_nor_its_end():
    with subprocess.Popen(
        [sys.executable, "-c", _TALKER], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.wait(120) == 0
            assert process.stderr.read() == b"went on\n"
        finally:
            process.kill()
        assert process.stdout.read().startswith(b"0 xxx")


def test_where_there_is_no_output_nothing_is_written_and_nothing_said():
    command = f"exec {sys.executable} -c '{_TALKER}' >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"went on\n")
