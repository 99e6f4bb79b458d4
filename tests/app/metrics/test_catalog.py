import re
from pathlib import Path

import pytest

from app.metrics.catalog import Described, describe
from app.metrics.workers import DEAD_REASONS

ROOT = Path(__file__).parents[3]
METRICS = list(describe())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_each_metric_has_our_prefix_and_a_sentence(metric: Described) -> None:
    assert re.fullmatch(r"hopline_[a-z0-9_]+", metric.name)
    assert re.fullmatch(r"[A-Z].+\.", metric.sentence)
    assert not re.search(r"_(ms|milliseconds|kb|mb)(_|$)", metric.name), "seconds and bytes"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_all_series_are_there_from_the_start(metric: Described) -> None:
    """A counter that first appears with 1 has not risen, to Prometheus."""
    assert metric.series, "give the values of its label when it is declared"


def test_no_two_services_show_metrics_of_one_name() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))


def test_labels_are_told_with_their_values() -> None:
    diverted = next(one for one in METRICS if one.name == "hopline_clicks_diverted_total")
    assert diverted.service == "redirect"
    assert diverted.kind == "counter"
    assert "redis_away" in diverted.labels["reason"]


def test_a_histogram_has_three_names_and_no_label_of_its_own() -> None:
    latency = next(one for one in METRICS if one.name == "hopline_response_seconds")
    assert latency.labels == {}
    assert latency.series == tuple(f"{latency.name}_{part}" for part in ("bucket", "count", "sum"))


def test_every_reason_for_a_dead_letter_is_known() -> None:
    texts = [ROOT / "app" / "clicks" / "click.py", *(ROOT / "workers").rglob("*.py")]
    found = {
        reason
        for path in texts
        for reason in re.findall(r'(?:InvalidClick|Fault)\(\s*"(\w+)"', path.read_text())
    }
    assert "poison" in found
    assert found <= set(DEAD_REASONS)
