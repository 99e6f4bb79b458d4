from loadtest.bench_reports.crowd import Crowd
from loadtest.bench_reports.export import Export
from loadtest.bench_reports.generated import plan
from loadtest.bench_reports.installation import Cpu
from loadtest.bench_reports.questions import (
    BEFORE,
    FILTERS,
    LINK_PAGE,
    OVERVIEW,
    QUIET,
    SAME,
    Run,
)
from loadtest.bench_reports.results import Calm, Results, Work, percentile_ms
from loadtest.bench_reports.targets import longest_ms, targets
from loadtest.bench_reports.traffic import Seen


def measured(**runs: list[Run]) -> Results:
    results = Results(plan(1_000_000, 100, 90, 1_790_000_000_000))
    results.runs = {
        name: [Run(0.1, 0.1, results.generated.hottest)]
        for name in (BEFORE, SAME, LINK_PAGE, OVERVIEW, FILTERS, QUIET)
    } | runs
    return results


def test_reports_that_find_other_clicks_are_not_exact():
    results = measured()
    assert results.is_exact
    results.runs[SAME].append(Run(0.1, 0.1, 5))
    assert not results.is_exact


def test_the_six_scans_are_compared_by_their_medians():
    results = measured(**{BEFORE: [Run(4.0, 0, 0)], SAME: [Run(each, 0, 0) for each in (1, 2, 9)]})
    assert results.speedup() == 2


def test_of_few_runs_the_slowest_counts():
    assert percentile_ms([0.1, 0.3]) == 300
    assert percentile_ms([]) == float("inf")
    assert 94 < percentile_ms([number / 1000 for number in range(100)]) < 97
    assert percentile_ms([number / 1000 for number in range(99)], 99) == 98


def test_more_clicks_have_other_targets():
    assert [longest_ms(clicks)[FILTERS] for clicks in (1, 20_000_000, 20_000_001, 10**9)] == [
        1_000,
        1_000,
        5_000,
        5_000,
    ]


def test_what_was_measured_is_held_against_its_target():
    results = measured(**{LINK_PAGE: [Run(0.301, 0, 0)]})
    results.calm = Calm(Seen(100, (0.1, 1.9)), Work(1, Cpu(1, 1)))
    results.crowd = Crowd([0.9], 0, {"/-/live": [0.01], "/-/ready": [0.06]})
    results.rush = Seen(100, (0.1, 2.1))
    results.exports = (Export(10, 1, 10**8), Export(100, 1, 10**8 + 10**7))
    results.sums, results.sums_bytes, results.raw_bytes = Work(1, Cpu(2000, 1000)), 39, 100
    found = {target.text: target.is_met for target in targets(results)}
    visible = "click → visible, p99, 1,000 clicks a second"
    assert found == {
        f"{LINK_PAGE}, p95": False,
        f"{OVERVIEW}, p95": True,
        f"{FILTERS}, p95": True,
        f"{QUIET}, p95": False,
        "six scans of before ÷ the same question": False,
        "CPU of sums ÷ of taking clicks in, %": True,
        "disk of sums ÷ of clicks, %": True,
        visible: True,
        "hottest link, 8 at once, p95": True,
        "/-/live meanwhile, p95": True,
        "/-/ready meanwhile, p95": False,
        f"{visible}, meanwhile": False,
        "export of 100 clicks: memory above that of 10": True,
    }
