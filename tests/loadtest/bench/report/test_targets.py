from dataclasses import replace

import pytest

from loadtest.bench.report.results import Results, Scaling
from loadtest.bench.report.targets import judge
from tests.support.loadtest.bench.samples import CLOSED, OPEN, sample_results


def verdicts(results):
    return {one.name: one.verdict for one in judge(results)}


def test_a_good_run_meets_what_it_measured():
    found = verdicts(sample_results(fastify=15_000, fastapi=1_500))
    assert set(found.values()) == {"met"}


def test_what_was_not_measured_has_no_verdict():
    assert set(verdicts(Results({})).values()) == {"not measured"}


def test_a_peer_that_is_absent_has_no_ratio():
    found = verdicts(sample_results())
    assert found["throughput: fast-lane ÷ fastify"] == "not measured"
    assert found["throughput: fast-lane ÷ stock"] == "met"


def test_a_slower_fast_lane_misses_its_ratios():
    found = verdicts(sample_results(fast_lane=24_000))
    assert found["throughput: fast-lane ÷ stock"] == "not met"
    assert found["throughput: fast-lane ÷ nginx"] == "not met"
    assert found["throughput: falcon-lane ÷ stock"] == "met"


def test_no_verdict_rests_on_a_saturated_load_generator():
    results = sample_results()
    void = replace(CLOSED, rps=60_000, server_core_busy=0.6, generator_core_busy=1.0)
    results.variants["nginx"].closed_runs = [void]
    found = verdicts(results)
    assert found["throughput: fast-lane ÷ nginx"] == "void"
    assert found["throughput: fast-lane ÷ stock"] == "met"


def test_latency_is_judged_at_half_the_maximum():
    results = sample_results()
    slow = replace(OPEN, latency_ms=OPEN.latency_ms | {"99": 5.1})
    results.variants["fast-lane"].open_runs[80] = [slow]
    assert verdicts(results)["latency at 50 % load, p99"] == "met"
    results.variants["fast-lane"].open_runs[50] = [slow]
    assert verdicts(results)["latency at 50 % load, p99"] == "not met"


def test_one_lost_click_is_too_many():
    results = sample_results()
    results.frozen = replace(results.frozen, recorded=results.frozen.answered - 1)
    assert verdicts(results)["Redis frozen: answered clicks missing in the stream"] == "not met"


def test_a_busy_machine_excuses_slowness_and_no_loss():
    results = sample_results()
    results.frozen = replace(results.frozen, max_ms=900, errors=1, void="busy")
    found = verdicts(results)
    assert found["Redis frozen: slowest response"] == "void"
    assert found["Redis frozen: errors"] == "not met"


def test_clicks_of_visitors_who_gave_up_are_not_missing():
    results = sample_results()
    results.frozen = replace(results.frozen, recorded=results.frozen.answered + 7)
    assert verdicts(results)["Redis frozen: answered clicks missing in the stream"] == "met"


@pytest.mark.parametrize(
    ("scaling", "verdict"),
    [
        (Scaling(40_000, 60_000), "not met"),
        (Scaling(40_000, 70_000), "met"),
        (Scaling(void="2 cores"), "void"),
    ],
)
def test_two_workers_are_judged_where_cores_are_free(scaling, verdict):
    results = sample_results()
    results.scaling = scaling
    assert verdicts(results)["two workers on two cores ÷ one"] == verdict
