import json
import sys

import pytest

from loadtest.bench_reports.__main__ import main
from loadtest.bench_reports.questions import BEFORE, PAGES, SAME, Run
from loadtest.bench_reports.results import Results, slowest_of_twenty_ms


@pytest.mark.timeout(300)
def test_a_small_run_finds_the_same_clicks_and_writes_figures_and_picture(
    monkeypatch, tmp_path, capsys
):
    small = ["--clicks", "5000", "--links", "100", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["bench-reports", "--output", str(tmp_path), *small])
    assert main() == 0
    figures = json.loads((tmp_path / "bench-reports.json").read_text())
    assert figures["exact"]
    assert figures["runs"].keys() == {BEFORE, *PAGES}
    assert figures["runs"][SAME][0]["clicks"] == 2500
    assert (tmp_path / "bench-reports.svg").exists()
    assert "the same clicks" in capsys.readouterr().out


def test_reports_that_find_other_clicks_are_not_exact() -> None:
    results = Results(10, 1, {BEFORE: [Run(2.0, 1.0, 5)], SAME: [Run(0.5, 0.2, 5)]})
    assert (results.is_exact, results.speedup()) == (True, 4.0)
    results.runs[SAME].append(Run(0.5, 0.2, 6))
    assert not results.is_exact


def test_of_few_runs_the_slowest_counts() -> None:
    assert slowest_of_twenty_ms([Run(0.1, 0, 0), Run(0.3, 0, 0)]) == 300
    assert 94 < slowest_of_twenty_ms([Run(number / 1000, 0, 0) for number in range(100)]) < 97
