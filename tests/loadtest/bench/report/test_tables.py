import io
import json
from dataclasses import replace

from rich.console import Console

from loadtest.bench.report.plot import draw
from loadtest.bench.report.raw_figures import as_json
from loadtest.bench.report.results import Results
from loadtest.bench.report.tables import print_report
from loadtest.bench.report.targets import judge
from tests.support.loadtest.bench.samples import CLOSED, sample_results


def printed(results):
    output = io.StringIO()
    print_report(results, judge(results), Console(file=output, width=160))
    return output.getvalue()


def test_the_tables_show_medians_ratios_and_verdicts():
    text = printed(sample_results())
    assert "40,000" in text
    assert "40.0" in text
    assert "0.67" in text
    assert "not measured" in text
    assert "fastify: absent, no fastify here" in text


def test_a_void_figure_is_named_with_its_reason():
    results = sample_results()
    void = replace(CLOSED, server_core_busy=0.6, generator_core_busy=1.0)
    results.variants["nginx"].closed_runs = [void]
    text = printed(results)
    assert "nginx return 302 (void)" in text
    assert "nginx: throughput void, load generator was the bottleneck" in text


def test_a_busy_machine_is_named():
    results = sample_results()
    results.variants["stock"].closed_runs = [replace(CLOSED, foreign_share=0.3)]
    assert "stock: throughput void, other programs took 30%" in printed(results)


def test_an_empty_run_can_be_printed():
    assert "Targets" in printed(Results({}))


def test_the_raw_figures_are_plain_json():
    results = sample_results()
    figures = json.loads(json.dumps(as_json(results, judge(results))))
    fast = figures["variants"][0]
    assert fast["name"] == "fast-lane"
    assert (fast["rps"], fast["cpu_us"], fast["redis_cpu_us"]) == (40_000, 90, 8)
    assert (fast["p50_ms"], fast["p99_ms"], fast["p999_ms"]) == (0.5, 3, 9)
    assert set(fast["open"]) == {"20", "50", "80"}
    assert figures["ratios"]["fast-lane"]["stock"] == 40
    assert {target["verdict"] for target in figures["targets"]} >= {"met", "not measured"}


def test_the_picture_is_svg(tmp_path):
    draw(sample_results(), tmp_path / "bench.svg")
    assert "<svg" in (tmp_path / "bench.svg").read_text()
