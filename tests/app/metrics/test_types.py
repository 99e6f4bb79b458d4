import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from app.metrics.types import FastCounterFamily, FastHistogram, MetricGroup, counter, gauge


def test_fast_counters_are_counters_to_whoever_scrapes() -> None:
    registry = CollectorRegistry()
    responses = FastCounterFamily(
        "hopline_responses", "Answers.", ("status", "lane"), registry, [("404", "fast")]
    )
    responses.labels("302", "fast").inc()
    responses.labels("302", "fast").inc(2)
    scraped = generate_latest(registry)
    assert b'hopline_responses_total{lane="fast",status="302"} 3.0' in scraped
    assert b'hopline_responses_total{lane="fast",status="404"} 0.0' in scraped


@given(st.lists(st.one_of(st.sampled_from([0.01, 0.05]), st.floats(0, 1)), max_size=20))
def test_a_fast_histogram_counts_as_the_librarys_own(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    fast = FastHistogram("hopline_seconds", "Time.", (0.01, 0.05), ours)
    own = Histogram("hopline_seconds", "Time.", buckets=(0.01, 0.05), registry=theirs)
    fast.observe_all(values)
    for value in values:
        own.observe(value)
    for sample in ("bucket", "count"):
        for labels in ({"le": "0.01"}, {"le": "0.05"}, {"le": "+Inf"}):
            asked = labels if sample == "bucket" else {}
            name = f"hopline_seconds_{sample}"
            assert ours.get_sample_value(name, asked) == theirs.get_sample_value(name, asked)
    assert ours.get_sample_value("hopline_seconds_sum") == pytest.approx(sum(values))


class House(MetricGroup):
    """What is counted of a house."""

    doors_opened = counter("Doors that were opened, by side.", side=("left", "right"))
    warmest = gauge("The warmest room.", name="room_celsius", merge="max")


def test_a_metric_is_called_by_its_attribute_or_as_it_says() -> None:
    registry = CollectorRegistry()
    group = House(registry)
    group.doors_opened.labels("left").inc()
    group.warmest.set(21)
    assert registry.get_sample_value("hopline_doors_opened_total", {"side": "left"}) == 1
    assert registry.get_sample_value("hopline_doors_opened_total", {"side": "right"}) == 0
    assert registry.get_sample_value("hopline_room_celsius") == 21


def test_each_registry_gets_metrics_of_its_own() -> None:
    one, other = House(CollectorRegistry()), House(CollectorRegistry())
    assert one.warmest is not other.warmest
