"""The benchmark of the interface, with few links."""

import json
import sys
from pathlib import Path

import pytest

from loadtest.bench_api.__main__ import main


def test_a_small_run_leaves_its_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--links", "300", "--repeats", "2", "--requests", "5", "--seconds", "1"]
    monkeypatch.setattr(sys, "argv", ["bench-api", "--output", str(tmp_path), *small])
    assert main() == 0
    figures = json.loads((tmp_path / "bench-api.json").read_text())
    assert figures["links"] == 300
    assert len(figures["p95_ms"]) == 14
    assert min(figures["p95_ms"].values()) > 0
    assert figures["killed"] == [300, 300]
    assert len(figures["p99_ms"]) == 4
    assert min(figures["p99_ms"].values()) > 0
    assert figures["index_bytes"] > 0
    said = capsys.readouterr().out
    assert "word in code, target or title, p95" in said
    assert "revoked key until two consoles refuse, p99" in said
