import json
import sys

import pytest

from loadtest.bench_reports.__main__ import main
from loadtest.bench_reports.care import BACKUP, COMMANDS, RESTORE
from loadtest.bench_reports.questions import BEFORE, PAGES, SAME


@pytest.mark.timeout(900)
def test_a_small_run_writes_figures_and_is_measured_again_where_it_is_kept(
    monkeypatch, tmp_path, capsys
):
    small = ["--clicks", "5000", "--links", "100", "--days", "5", "--rounds", "1", "--seconds", "1"]
    kept = ["--keep", str(tmp_path / "kept"), "--output", str(tmp_path)]

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["bench-reports", *kept, *small, *options])
        assert main() == 0
        return capsys.readouterr()

    said = run()
    assert "making up" in said.err
    assert "each click once" in said.out
    figures = json.loads((tmp_path / "bench-reports.json").read_text())
    assert figures["exact"]
    assert figures["runs"].keys() == {BEFORE, *PAGES}
    assert 2480 < figures["runs"][SAME][0]["clicks"] <= 2500
    assert figures["sums_bytes"] > 0
    assert all(figures[name] for name in ("fill", "sums", "calm", "crowd", "rush"))
    assert figures["exports"][1]["clicks"] > 4900
    assert (tmp_path / "bench-reports.svg").exists()

    _forget_the_last_days_sums(tmp_path / "kept" / "filled.json")
    said = run()
    assert "making up" not in said.err
    assert "sums of 2 days" in said.err
    again = json.loads((tmp_path / "bench-reports.json").read_text())
    assert again["exact"]
    assert again["added"] > 0
    assert again["fill"] == figures["fill"]
    assert again["sums"]["seconds"] > figures["sums"]["seconds"]
    assert again["sums_bytes"] > 0

    assert "audit of 24 hours" in run("--care").out
    care = json.loads((tmp_path / "bench-care.json").read_text())
    assert care["runs"].keys() == {*COMMANDS, BACKUP, RESTORE}
    assert care["clicks"] > 5000
    assert min(care["alone_seconds"].values()) > 0
    assert (tmp_path / "bench-care.svg").exists()


def _forget_the_last_days_sums(note):
    """Leave the note of a run that was broken off when it had made sums that it didn't note."""
    filled = json.loads(note.read_text())
    note.write_text(json.dumps({**filled, "summed": filled["summed"] - 2}))


def test_a_disk_without_room_is_named_before_anything_starts(monkeypatch, tmp_path, capsys):
    wanted = ["--clicks", "10000000000000", "--directory", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["bench-reports", *wanted])
    assert main() == 1
    said = capsys.readouterr().err
    assert f"clicks need 1050001.0 GB in {tmp_path}" in said


def test_what_is_filled_only_has_to_be_kept(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench-reports", "--only-fill"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "--only-fill leaves nothing without --keep DIR" in capsys.readouterr().err
