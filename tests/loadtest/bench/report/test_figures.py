from dataclasses import replace

import pytest

from loadtest.bench.report.figures import closed_void, median_run, open_void, ratio
from tests.support.loadtest.bench.samples import CLOSED, OPEN


def test_each_figure_of_the_median_run_is_a_median():
    runs = [replace(CLOSED, rps=rps, p50_ms=p50) for rps, p50 in ((1, 9), (5, 7), (3, 8))]
    assert median_run(runs) == replace(CLOSED, rps=3, p50_ms=8)


def test_percentiles_have_medians_of_their_own():
    runs = [replace(OPEN, latency_ms={"50": a, "99": b}) for a, b in ((1, 30), (2, 10), (3, 20))]
    assert median_run(runs).latency_ms == {"50": 2, "99": 20}


@pytest.mark.parametrize(
    ("one", "other", "expected"), [(6, 4, 1.5), (None, 4, None), (6, None, None), (6, 0, None)]
)
def test_a_ratio_needs_two_figures(one, other, expected):
    assert ratio(one, other) == expected


@pytest.mark.parametrize(
    ("server", "generator", "void"),
    [
        pytest.param(0.99, 0.5, False, id="the server was the bottleneck"),
        pytest.param(0.99, 0.99, False, id="both were"),
        pytest.param(0.7, 0.99, True, id="the load generator was"),
        pytest.param(0.7, 0.5, False, id="neither was"),
    ],
)
def test_throughput_is_void_when_only_the_load_generator_was_saturated(server, generator, void):
    run = replace(CLOSED, server_core_busy=server, generator_core_busy=generator)
    assert ("load generator was the bottleneck" in closed_void(run)) == void


def test_throughput_of_errors_is_void():
    assert closed_void(replace(CLOSED, errors=301)) == "301 answers were errors"
    assert closed_void(replace(CLOSED, errors=299)) == ""


@pytest.mark.parametrize(("void", "run"), [(closed_void, CLOSED), (open_void, OPEN)])
def test_nothing_is_comparable_on_a_busy_machine(void, run):
    noisy = void(replace(run, foreign_share=0.3))
    assert noisy == "other programs took 30% of the server's core"
    assert void(replace(run, foreign_share=0.05)) == ""


@pytest.mark.parametrize(
    ("lag_ms", "p99_ms", "cpu_share", "void"),
    [
        pytest.param(0.9, 1.0, 0.5, False, id="a lag that does not matter"),
        pytest.param(2.0, 10.0, 0.5, False, id="a lag far below the latency"),
        pytest.param(6.0, 10.0, 0.5, True, id="a lag that explains the latency"),
        pytest.param(0.1, 1.0, 0.95, True, id="a core that was full"),
    ],
)
def test_latency_is_void_when_it_may_be_the_generators(lag_ms, p99_ms, cpu_share, void):
    run = replace(OPEN, lag_ms={"99": lag_ms}, latency_ms={"99": p99_ms}, cpu_share=cpu_share)
    assert ("load generator was the bottleneck" in open_void(run)) == void
