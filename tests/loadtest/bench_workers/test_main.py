import json
import sys

import pytest

from loadtest.bench_workers import light_load
from loadtest.bench_workers.__main__ import main


@pytest.mark.timeout(900)
def test_a_small_run_is_exact_and_writes_figures_and_picture(monkeypatch, tmp_path, capsys):
    small = ["--clicks", "700", "--rounds", "1", "--seconds", "1"]
    monkeypatch.setattr(sys, "argv", ["bench-workers", "--output", str(tmp_path / "out"), *small])
    monkeypatch.setattr(light_load, "_SETTLE_SECONDS", 0.1)
    assert main() == 0
    figures = json.loads((tmp_path / "out" / "bench-workers.json").read_text())
    assert figures["exact"]
    assert len(figures["runs"]) == 3
    for (run,) in figures["runs"].values():
        assert run["distinct"] == run["rows"] == 700
        assert run["memory_bytes"] > 2**20
    one = figures["runs"]["Hopline, 1 consumer"][0]
    assert set(one["stages_us"]) == {"read", "decode", "enrich", "insert", "ack"}
    assert one["inserts"] >= 1
    assert figures["light_load"]["clicks"] == 100
    assert len(figures["walls"]) == 2
    assert (tmp_path / "out" / "bench-workers.svg").exists()
    assert "exact in every run" in capsys.readouterr().out


def test_a_backlog_of_nothing_is_wrong_usage(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench-workers", "--clicks", "0"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "less than 1" in capsys.readouterr().err
