import sys
from pathlib import Path

import pytest

from loadtest.__main__ import _parsed


@pytest.fixture
def parsed(monkeypatch):
    """A function that reads a command line."""

    def parsed(*words):
        monkeypatch.setattr(sys, "argv", ["loadtest", *words])
        return _parsed()

    return parsed


def test_the_promise_decides_unless_someone_says_otherwise(parsed):
    assert parsed().budget == "default"
    assert parsed("--budget", "quiet").budget == "quiet"


def test_faults_take_a_folder_for_their_reports(parsed):
    assert parsed("--faults", "redis", "--report", "x/faults").report == Path(
        "x/faults/loadtest.html"
    )
    assert parsed("--faults", "redis", "--report", "x/one.html").report == Path("x/one.html")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--report", "build/figures.json"), "--report has to end in .html"),
        (("--report", "build/folder"), "--report has to end in .html"),
        (("--faults", "--seconds", "30"), "--faults has a length"),
        (("--faults", "--budget", "quiet"), "--faults has a length"),
        (("--faults", "--load-shape", "spike"), "--faults has a length"),
        (("--faults", "--baseline", "build/loadtest.json"), "no baseline"),
        (("--faults", "nonsense"), "invalid choice"),
    ],
)
def test_what_would_be_ignored_is_refused(parsed, capsys, words, told):
    with pytest.raises(SystemExit) as ended:
        parsed(*words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
