from dataclasses import replace

import pytest

from loadtest.bench_workers import results as module
from loadtest.bench_workers.light_load import LightLoad
from loadtest.bench_workers.results import ONE, PLAIN, TWO, Results, stages, targets
from loadtest.bench_workers.runs import Run

RUN = Run(
    entries=1000,
    seconds=10.0,
    clicks_per_second=100.0,
    cpu_us=10.0,
    redis_cpu_us=4.0,
    clickhouse_cpu_us=5.0,
    memory_bytes=100_000_000,
    distinct=1000,
    rows=1000,
    parts=2,
    inserts=1,
    stages_us={"read": 2.0, "insert": 3.0},
)


@pytest.fixture
def results():
    plain = replace(RUN, cpu_us=40.0, clicks_per_second=30.0, stages_us={}, inserts=0)
    two = replace(RUN, clicks_per_second=180.0)
    light = LightLoad(100, 0.5, 1.5, 1.9, 0.004)
    return Results(1000, {ONE: [RUN], PLAIN: [plain], TWO: [two]}, {}, light)


def verdicts(results: Results) -> list[bool | None]:
    return [target.is_met for target in targets(results)]


def test_what_keeps_every_promise_meets_every_target(results, monkeypatch):
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: range(8))
    assert verdicts(results) == [True] * 8


def test_two_consumers_can_not_be_judged_where_cores_are_shared(results, monkeypatch):
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: range(2))
    assert verdicts(results) == [True, True, True, None, True, True, True, True]


def test_the_median_run_is_judged(results):
    results.runs[ONE] = [replace(RUN, cpu_us=us) for us in (9.0, 13.0, 14.0)]
    assert verdicts(results)[0] is False


def test_what_no_stage_explains_is_the_rest():
    assert stages([RUN]) == {"read": 2.0, "insert": 3.0, "rest": 5.0}


def test_one_click_too_few_is_not_exact(results):
    assert results.is_exact
    results.runs[TWO].append(replace(RUN, distinct=999))
    assert not results.is_exact
