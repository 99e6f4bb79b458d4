import json
import sys

import pytest

from loadtest import self_check
from loadtest.__main__ import main
from loadtest.report.budget import EVERY_REDIRECT


@pytest.fixture
def silent_locust(monkeypatch):
    """A Locust that ends before it has measured anything."""
    monkeypatch.setattr("loadtest.run.locust_run.LocustRun.run", lambda *_: 3)


def test_figures_of_an_earlier_self_check_prove_nothing(silent_locust, tmp_path):
    earlier = {"routes": {EVERY_REDIRECT: {"latency_ms": {"50": 21, "95": 300, "99.9": 900}}}}
    (tmp_path / "report.json").write_text(json.dumps(earlier))
    with pytest.raises(FileNotFoundError):
        self_check.measure(tmp_path / "report.html")


def test_a_self_check_that_measures_nothing_is_void_and_says_so_in_one_line(
    silent_locust, tmp_path, monkeypatch, capsys
):
    report = tmp_path / "loadtest.html"
    monkeypatch.setattr(sys, "argv", ["loadtest", "--self-check", "--report", str(report)])
    assert main() == 3
    assert capsys.readouterr().err == (
        f"loadtest: {tmp_path}/self-check-steady.json: No such file or directory\n"
    )
