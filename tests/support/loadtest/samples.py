"""A run's figures as `loadtest.report.figures` writes them, without a run."""

from datetime import UTC, datetime
from types import SimpleNamespace

from loadtest.common.measurements import Measurements
from loadtest.report.budget import BUDGETS, check
from loadtest.report.figures import Mark, Result, as_json
from loadtest.report.verdict import Count, Generator, judge

#: Requests a second of a run that is no sample; so low that a busy machine keeps up.
RATE = 100
OPTIONS = SimpleNamespace(
    title="A <run>",
    rate=100.0,
    warm_up=1.0,
    load_shape="steady",
    arrivals="poisson",
    connections=8,
    hot_links=5,
    tail_links=5,
    budget="ci",
    processes=None,
)


def measurements(slowest_ms=20.0, errors=()):
    measured = Measurements(due=1000)
    for number in range(1000):
        ms = slowest_ms if number == 0 else 2 + number % 7
        measured.answered("GET /{hot}", number // 100, ms / 1000, "")
    for error in errors:
        measured.answered("GET /{unknown}", 5, 0.002, error)
    return measured


def figures(slowest_ms=20.0, errors=(), counted=None, budget="ci"):
    measured = measurements(slowest_ms, errors)
    lines = check(measured.routes, BUDGETS[budget])
    generator = Generator(measured, 0.2, 5.0)
    counted = counted or Count(1000, 1000)
    result = Result(
        decides=BUDGETS[budget].decides,
        verdict=judge(lines, generator, counted, cut=0, most_cut=0),
        lines=lines,
        generator=generator,
        counted=counted,
        options=OPTIONS,
        scenarios=["HotLinks"],
        seconds=10.0,
        interval_seconds=1.0,
        began=datetime(2026, 11, 23, tzinfo=UTC),
        host="http://127.0.0.1:1",
        marks=[Mark(2, 5, "Redis frozen")],
        environment={"cores": 2},
    )
    return as_json(result)
