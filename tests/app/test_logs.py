import logging
import multiprocessing
import re
from collections.abc import Iterator

import pytest

from app import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    process, held = multiprocessing.current_process(), (root.level, list(root.handlers))
    name = process.name
    yield
    process.name = name
    root.setLevel(held[0])
    root.handlers[:] = held[1]


def test_a_line_has_time_level_process_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "consumer-1")
    logging.getLogger("any").warning("read %d entries", 5)
    line = capsys.readouterr().err
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING \d+ consumer-1: read 5 entries\n"
    assert re.fullmatch(pattern, line)


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("WARNING")
    logging.getLogger("any").info("quiet")
    assert capsys.readouterr().err == ""


def test_configuring_again_doubles_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logs.configure("INFO")
    logging.getLogger("any").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_what_a_visitor_sent_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logging.getLogger("any").info("agent %s", "x\r\n2027 ERROR forged\x1b[2J\u2028y\x85")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.endswith(r"agent x\x0d\x0a2027 ERROR forged\x1b[2J\u2028y\x85" + "\n")


def test_a_traceback_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("any").exception("it broke")
    assert "Traceback (most recent call last):\n" in capsys.readouterr().err
