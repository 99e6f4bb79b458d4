import json
import logging
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs import setup as logs
from tests.conftest import MakeSettings

LINES = """
import logging, os, sys
from pathlib import Path
from app.logs import setup as logs
from app.config.settings import Settings
logs.configure(Settings(_env_file=None), "redirect")
log = logging.getLogger("any")
log.info("fine")
log.warning("odd")
try:
    raise ValueError("boom")
except ValueError:
    log.exception("broken")
"""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    process, held = multiprocessing.current_process(), (root.level, list(root.handlers))
    name = process.name
    yield
    process.name = name
    root.setLevel(held[0])
    root.handlers[:] = held[1]


def test_a_line_has_time_level_process_and_text(
    make_settings: MakeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(make_settings(), "consumer-1")
    logging.getLogger("any").warning("read %d entries", 5)
    line = capsys.readouterr().err
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING \d+ consumer-1: read 5 entries\n"
    assert re.fullmatch(pattern, line)


def test_lines_below_the_level_are_left_out(
    make_settings: MakeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(make_settings(log_level="WARNING"))
    logging.getLogger("any").info("quiet")
    assert capsys.readouterr().err == ""


def test_configuring_again_doubles_no_line(
    make_settings: MakeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(make_settings())
    logs.configure(make_settings())
    logging.getLogger("any").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_the_setting_chooses_the_form(
    make_settings: MakeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(make_settings(log_format="json"), "console")
    logging.getLogger("any").info("for programs")
    assert json.loads(capsys.readouterr().err)["message"] == "for programs"


def _written(tmp_path: Path, *, to_journal: bool) -> list[str]:
    log = tmp_path / "stderr"
    with log.open("wb") as stderr:
        status = os.fstat(stderr.fileno())
        inode = status.st_ino if to_journal else status.st_ino + 1
        environ = os.environ | {
            "JOURNAL_STREAM": f"{status.st_dev}:{inode}",
            "HOPLINE_DATA_DIR": str(tmp_path),
        }
        subprocess.run(
            [sys.executable, "-c", LINES], env=environ, stderr=stderr, timeout=120, check=True
        )
    return log.read_text().splitlines()


def test_the_journal_gets_a_priority_with_each_line(tmp_path: Path) -> None:
    info, warning, *error = _written(tmp_path, to_journal=True)
    assert (info[:3], warning[:3]) == ("<6>", "<4>")
    assert (info[-4:], warning[-3:]) == ("fine", "odd")
    assert len(error) > 3
    assert all(line.startswith("<3>") for line in error)


def test_a_stderr_that_is_not_the_journals_gets_none(tmp_path: Path) -> None:
    assert not [line for line in _written(tmp_path, to_journal=False) if line.startswith("<")]
