import pytest

from loadtest.bench.load.closed_loop import Load, LoadFailed, closed_run, parse
from loadtest.bench.machine.usage import Usage

FIGURES = (
    '{"requests": 1000, "seconds": 2.0, "errors": 3, "p50_ms": 1.5, "p99_ms": 4.5, "p999_ms": 9.0}'
)


def test_figures_are_the_last_line_of_what_wrk_prints():
    output = f"Running 2s test\n  64 connections\nRequests/sec: 500\n\n{FIGURES}\n"
    assert parse(output) == Load(
        requests=1000, seconds=2.0, errors=3, p50_ms=1.5, p99_ms=4.5, p999_ms=9.0
    )


@pytest.mark.parametrize("output", ["", "Running 2s test\n", '{"requests": 1}', "[]"])
def test_anything_else_is_a_failure_with_its_reason(output):
    with pytest.raises(LoadFailed, match="unable to connect"):
        parse(output, "unable to connect")


def test_a_server_that_answers_nothing_has_no_figures():
    with pytest.raises(LoadFailed, match="no answer, but 3 errors"):
        parse(FIGURES.replace("1000", "0"))


def test_cost_is_counted_per_request():
    used = Usage(
        seconds=2.1,
        server_seconds=1.9,
        redis_seconds=0.02,
        server_core_busy=0.95,
        generator_core_busy=0.5,
        foreign_share=0.05,
    )
    run = closed_run(parse(FIGURES), used)
    assert run.rps == 500
    assert run.cpu_us == pytest.approx(1900)
    assert run.redis_cpu_us == pytest.approx(20)
    assert run.foreign_share == 0.05
