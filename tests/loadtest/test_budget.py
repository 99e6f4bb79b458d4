import pytest

from loadtest.budget import BUDGETS, EVERY_REDIRECT, GENERATOR, Limits, check, every_redirect
from loadtest.measurements import Route


def route(*latencies_ms, **errors):
    one = Route()
    for ms in latencies_ms:
        one.latencies.add(ms / 1000)
    one.errors.update(errors)
    return one


def broken(routes, budget):
    return [str(line) for line in check(routes, budget) if not line.is_kept]


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
    assert broken(routes, BUDGETS["ci"])[1:] != []
    assert "every redirect: p50 60" in broken(routes, BUDGETS["ci"])[1]


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


def test_the_default_is_what_visitors_are_promised():
    limits = BUDGETS["default"][EVERY_REDIRECT]
    assert (limits.p999_ms, limits.p99_ms, limits.error_share) == (50, 10, 0.0)


@pytest.mark.parametrize("name", BUDGETS)
def test_every_budget_says_how_late_the_generator_may_be(name):
    assert BUDGETS[name][GENERATOR].p99_ms


def test_exactly_the_limit_is_kept():
    line = check({"GET /{hot}": route()}, {"* /{*}": Limits(max_ms=0.0)})
    assert all(each.is_kept for each in line)
