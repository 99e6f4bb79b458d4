"""The benchmark of pages, over few clicks and links."""

import json
import sys
from pathlib import Path

import pytest

from loadtest.bench_console.__main__ import main


@pytest.mark.timeout(900)
def test_a_small_run_leaves_its_figures_and_what_it_has_filled(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    chromium: str,
) -> None:
    small = ["--clicks", "3000", "--links", "300", "--repeats", "2", "--openings", "1"]
    small += ["--seen", "2", "--streams", "3", "--seconds", "1"]
    kept = ["--keep", str(tmp_path / "kept"), "--output", str(tmp_path)]

    monkeypatch.setattr(sys, "argv", ["bench-console", *kept, *small])
    assert main() == 0
    said = capfd.readouterr()
    assert "300 links imported" in said.err
    assert "overview, 30 days beside 30 before, p95" in said.out
    assert json.loads((tmp_path / "kept" / "links.json").read_text()) == {"links": 300}
    figures = json.loads((tmp_path / "bench-console.json").read_text())
    assert len(figures["pages"]) == 11
    assert min(one["p95_ms"] for one in figures["pages"].values()) > 0
    assert figures["opened"]["requests"][0] <= 12
    assert figures["opened"]["bytes"][0] <= 150_000
    assert len(figures["opened"]["shift"]) == 1
    assert len(figures["live_seconds"]) == len(figures["overview_seconds"]) == 2
    visited = figures["visited"]
    assert visited["console_bytes"] > 0
    assert all(one["redirected"] for one in (*visited["without"], *visited["beside"]))
    assert len(figures["targets"]) == 11 + 6 + 3


def test_what_is_filled_only_has_to_be_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench-console", "--only-fill"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "--only-fill leaves nothing without --keep DIR" in capsys.readouterr().err
