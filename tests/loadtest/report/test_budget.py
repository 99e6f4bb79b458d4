import pytest

from loadtest.common.measurements import Route
from loadtest.report.budget import (
    BUDGETS,
    EVERY_REDIRECT,
    GENERATOR,
    Budget,
    Limits,
    check,
    every_redirect,
    number,
)


def route(*latencies_ms, **errors):
    one = Route()
    for ms in latencies_ms:
        one.latencies.add(ms / 1000)
    one.errors.update(errors)
    return one


def broken(routes, table):
    return [str(line) for line in check(routes, Budget("", table)) if not line.is_kept]


def test_a_budget_that_is_kept_has_no_broken_line():
    assert broken({"GET /{hot}": route(1, 2, 3)}, {"* /{*}": Limits(p99_ms=10, max_ms=20)}) == []


def test_every_violation_is_listed():
    routes = {"GET /{hot}": route(*[1] * 90, *[80] * 10, timeout=1), "GET /{tail}": route(90)}
    limits = Limits(p50_ms=5, p95_ms=10, p99_ms=10, p999_ms=50, max_ms=60, min_requests=2)
    said = broken(routes, {"* /{*}": limits})
    assert [text.split()[2] for text in said if "{hot}" in text] == [
        "p95",
        "p99",
        "p99.9",
        "max",
        "errors",
    ]
    assert [text.split()[2] for text in said if "{tail}" in text] == [
        "requests",
        "p50",
        "p95",
        "p99",
        "p99.9",
        "max",
    ]


def test_a_fast_404_does_not_hide_a_slow_redirect():
    routes = {"GET /{unknown}": route(*[1] * 100_000), "GET /{hot}": route(*[60] * 50)}
    assert broken(routes, BUDGETS["ci"].limits)[1:] != []
    assert "every redirect: p50 60" in broken(routes, BUDGETS["ci"].limits)[1]


def test_the_first_row_that_fits_counts():
    budget = {"GET /{viral}": Limits(max_ms=100), "* /{*}": Limits(max_ms=10)}
    assert broken({"GET /{viral}": route(50)}, budget) == []
    assert len(broken({"GET /{hot}": route(50)}, budget)) == 1


def test_every_redirect_sums_up_only_routes_that_redirect():
    routes = {
        "GET /{hot}": route(1, a=1),
        "HEAD /{hot}": route(2),
        "GET /{unknown}": route(3, b=1),
        "GET /{hot}+": route(4),
    }
    every = every_redirect(routes)
    assert every.requests == 2
    assert every.errors == {"a": 1}


def lines(route_ms, budget):
    routes = {"GET /{hot}": route(*route_ms)}
    return check(routes, BUDGETS[budget])


def test_the_default_is_decided_by_what_visitors_are_promised():
    limits = BUDGETS["default"].limits[EVERY_REDIRECT]
    assert (limits.p999_ms, limits.p99_ms, limits.error_share) == (50, None, 0.0)


def test_a_p99_of_10_6_ms_misses_a_goal_and_keeps_the_promise():
    found = [line for line in lines([3.0] * 5800 + [10.6] * 100, "default") if not line.is_kept]
    assert {line.goal for line in found} == {"a quiet machine"}
    assert str(found[0]) == "a quiet machine: every redirect: p99 10.61 ms, 10 ms was the goal"


def test_for_a_quiet_machine_the_tighter_limits_decide():
    found = [line for line in lines([3.0] * 5800 + [10.6] * 100, "quiet") if not line.is_kept]
    assert {line.goal for line in found} == {""}
    assert "p99 10.61 ms, at most 10 ms is allowed" in str(found[0])


def test_a_goal_is_about_latency_alone():
    """An error is excused by no name, and too few requests are said once."""
    goals = [line for line in lines([60.0], "default") if line.goal]
    assert {line.unit for line in goals} == {"ms"}


@pytest.mark.parametrize("name", BUDGETS)
def test_every_budget_says_how_late_the_generator_may_be(name):
    assert BUDGETS[name].limits[GENERATOR].p99_ms


def test_exactly_the_limit_is_kept():
    line = check({"GET /{hot}": route()}, Budget("", {"* /{*}": Limits(max_ms=0.0)}))
    assert all(each.is_kept for each in line)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.0125, "0.0125"),
        (10.607, "10.61"),
        (999.94, "999.9"),
        (1343.5, "1,344"),
        (54_321.0, "54,321"),
        (1_234_567.0, "1,234,567"),
    ],
)
def test_numbers_are_read_without_powers_of_ten(value, shown):
    assert number(value) == shown
