import json
import sys
from dataclasses import replace

import pytest

from loadtest.bench.__main__ import main
from loadtest.bench.servers.variants import VARIANTS


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """Run the command with these options; files go to a temporary folder."""

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["bench", "--output", str(tmp_path / "out"), *options])
        return main()

    return run


@pytest.mark.usefixtures("wrk")
def test_a_quick_run_writes_figures_and_picture(bench, tmp_path, capsys):
    assert bench("--quick", "--variants", "stock") == 0
    figures = json.loads((tmp_path / "out" / "bench.json").read_text())
    (stock,) = figures["variants"]
    assert stock["name"] == "stock"
    assert stock["rps"] > 0
    assert stock["cpu_us"] > 0
    assert stock["redis_cpu_us"] > 0
    assert stock["p50_ms"] <= stock["p99_ms"] <= stock["p999_ms"]
    assert stock["worker_bytes"] > 2**20
    assert 0 < stock["connection_bytes"] < 2**20
    assert (tmp_path / "out" / "bench.svg").exists()
    printed = capsys.readouterr()
    assert "gunicorn gevent + Falcon + redis-py" in printed.out
    assert "round 1, stock" in printed.err


def test_an_unknown_variant_is_wrong_usage(bench, capsys):
    assert bench("--variants", "apache") == 2
    assert "bench: no variant 'apache'" in capsys.readouterr().err


def test_no_rounds_are_wrong_usage(bench):
    with pytest.raises(SystemExit) as stop:
        bench("--rounds", "0")
    assert stop.value.code == 2


@pytest.mark.usefixtures("wrk")
def test_a_run_without_any_variant_has_failed(bench, monkeypatch, capsys):
    never = replace(VARIANTS[0], absent=lambda: "not today")
    monkeypatch.setattr("loadtest.bench.__main__.select", lambda _: [never])
    assert bench("--quick") == 1
    complaints = capsys.readouterr().err
    assert "fast-lane: absent, not today" in complaints
    assert "bench: no variant can run here" in complaints


def test_a_missing_tool_is_named_with_its_package(bench, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    assert bench("--quick") == 1
    assert "bench: install wrk (Debian: apt install wrk), gcc" in capsys.readouterr().err


def test_every_option_says_what_it_is_for(bench, capsys):
    with pytest.raises(SystemExit):
        bench("--help")
    text = " ".join(capsys.readouterr().out.split())
    for option in ("--seconds", "--rounds", "--open-rounds", "--variants", "--quick", "--output"):
        assert option in text
    assert "length of each single run" in text
