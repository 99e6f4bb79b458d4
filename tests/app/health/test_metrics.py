from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app.config.access import MetricsAccess
from app.health.metrics import freshness_check, judge_freshness, read_gauge, shown_check
from app.metrics.exposition import Exposition
from app.metrics.publisher import Publisher
from app.metrics.server import served
from app.metrics.workers import WorkerMetrics
from tests.support.servers import free_port


@pytest.mark.parametrize(
    ("p99_seconds", "state", "said"),
    [
        (0.0, "ok", "no clicks"),
        (1.25, "ok", "within 1.25 s"),
        (2.0, "ok", "within 2 s"),
        (3.0, "warn", "within 3 s"),
        (float("inf"), "warn", "within hours"),
        (None, "warn", "don't tell"),
    ],
)
def test_a_click_should_be_visible_in_two_seconds(p99_seconds, state, said):
    check = judge_freshness(p99_seconds)
    assert (check.name, check.state) == ("freshness", state)
    assert said in check.text
    assert bool(check.mend) == (state == "warn")


def test_the_gauge_is_found_among_the_workers_metrics():
    registry = CollectorRegistry()
    WorkerMetrics(registry).freshness_p99.set(1.5)
    assert read_gauge(generate_latest(registry).decode()) == 1.5
    assert read_gauge("hopline_freshness_p99_seconds_other 7\n") is None


def test_workers_that_do_not_answer_are_told():
    nobody = MetricsAccess(f"127.0.0.1:{free_port()}", "HOPLINE_WORKERS_METRICS_BIND")
    assert freshness_check(nobody).state == "warn"
    assert freshness_check(replace(nobody, bind="off")).state == "ok"


def test_another_installations_freshness_is_not_told_as_ours(tmp_path):
    registry = CollectorRegistry()
    WorkerMetrics(registry).freshness_p99.set(1.5)
    Publisher(registry, tmp_path).publish()
    access = MetricsAccess(
        f"127.0.0.1:{free_port()}", "HOPLINE_WORKERS_METRICS_BIND", instance="one"
    )
    with served(access, Exposition(tmp_path)):
        assert "within 1.5 s" in freshness_check(access).text
        assert shown_check("workers", access).state == "ok"
        other = freshness_check(replace(access, instance="another"))
        taken = shown_check("workers", replace(access, instance="another"))
    for check in (other, taken):
        assert check.state == "warn"
        assert (
            check.text == f"at {access.bind} something answers that is no part of this installation"
        )
        assert "HOPLINE_WORKERS_METRICS_BIND" in check.mend
