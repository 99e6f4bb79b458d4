import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app.metrics import RedirectMetrics, WorkerMetrics


@pytest.mark.parametrize("group", [RedirectMetrics, WorkerMetrics])
def test_each_metric_has_our_prefix_and_a_sentence(group: type) -> None:
    registry = CollectorRegistry()
    group(registry)
    for metric in registry.collect():
        assert re.fullmatch(r"hopline_[a-z_]+", metric.name)
        assert re.fullmatch(r"[A-Z].+\.", metric.documentation)


def test_a_process_may_hold_both_groups() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry).entries_read.inc(3)
    RedirectMetrics(registry)
    assert b"hopline_entries_read_total 3.0" in generate_latest(registry)
