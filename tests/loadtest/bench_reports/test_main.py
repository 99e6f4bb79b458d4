import json
import sys

import pytest

from loadtest.bench_reports.__main__ import main
from loadtest.bench_reports.care import BACKUP, COMMANDS, RESTORE
from loadtest.bench_reports.questions import BEFORE, PAGES, SAME


@pytest.mark.timeout(600)
def test_a_small_run_finds_the_same_clicks_and_writes_figures_and_picture(
    monkeypatch, tmp_path, capsys
):
    small = ["--clicks", "5000", "--links", "100", "--days", "5", "--rounds", "1", "--seconds", "1"]
    monkeypatch.setattr(sys, "argv", ["bench-reports", "--output", str(tmp_path), *small])
    assert main() == 0
    figures = json.loads((tmp_path / "bench-reports.json").read_text())
    assert figures["exact"]
    assert figures["runs"].keys() == {BEFORE, *PAGES}
    assert 2480 < figures["runs"][SAME][0]["clicks"] <= 2500
    assert figures["sums_bytes"] > 0
    assert all(figures[name] for name in ("fill", "sums", "calm", "crowd", "rush"))
    assert figures["exports"][1]["clicks"] > 4900
    assert (tmp_path / "bench-reports.svg").exists()
    assert "each click once" in capsys.readouterr().out


def test_a_disk_without_room_is_named_before_anything_starts(monkeypatch, tmp_path, capsys):
    wanted = ["--clicks", "10000000000000", "--directory", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["bench-reports", *wanted])
    assert main() == 1
    said = capsys.readouterr().err
    assert f"clicks need 1050001.0 GB in {tmp_path}" in said


@pytest.mark.timeout(600)
def test_a_kept_folder_is_filled_once_and_measured_again_and_again(monkeypatch, tmp_path, capsys):
    kept, figures = tmp_path / "kept", tmp_path / "bench-reports.json"
    small = ["--clicks", "3000", "--links", "100", "--days", "3", "--keep", str(kept)]

    def run(*options):
        monkeypatch.setattr(
            sys, "argv", ["bench-reports", "--output", str(tmp_path), *small, *options]
        )
        return main()

    assert run("--only-fill") == 0
    assert "making up" in capsys.readouterr().err
    assert not figures.exists()
    for _ in range(2):
        assert run("--rounds", "1", "--seconds", "1") == 0
        assert "making up" not in capsys.readouterr().err
    found = json.loads(figures.read_text())
    assert found["exact"]
    assert found["added"] > 0
    assert found["fill"]["seconds"] > 0
    assert run("--care", "--rounds", "1") == 0
    care = json.loads((tmp_path / "bench-care.json").read_text())
    assert care["runs"].keys() == {*COMMANDS, BACKUP, RESTORE}
    assert min(care["alone_seconds"].values()) > 0
    assert "audit of 24 hours" in capsys.readouterr().out
    assert (tmp_path / "bench-care.svg").exists()


def test_what_is_filled_only_has_to_be_kept(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench-reports", "--only-fill"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "--only-fill leaves nothing without --keep DIR" in capsys.readouterr().err
