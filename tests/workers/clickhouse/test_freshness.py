import pytest
from prometheus_client import CollectorRegistry

from app.metrics.workers import WorkerMetrics
from workers.clickhouse.freshness import WINDOW_SECONDS, Freshness


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def now():
    return [1_800_000_000.0]


@pytest.fixture
def freshness(registry, now):
    return Freshness(WorkerMetrics(registry), lambda: now[0], lambda: now[0])


def visits(now: float, age_seconds: float, count: int) -> list[int]:
    return [round((now - age_seconds) * 1000)] * count


def test_without_clicks_there_is_no_age(freshness):
    assert freshness.age_seconds(0.99) == 0.0


def test_it_is_the_age_that_only_one_of_a_hundred_exceeds(freshness, now):
    freshness.note(visits(now[0], 0.9, 99))
    freshness.note(visits(now[0], 50.0, 1))
    assert freshness.age_seconds(0.99) == 1.0
    assert freshness.age_seconds(0.5) == 1.0
    freshness.note(visits(now[0], 50.0, 1))
    assert freshness.age_seconds(0.99) == 60.0


def test_a_click_of_another_day_is_beyond_all_edges(freshness, now):
    freshness.note(visits(now[0], 86_400.0, 1))
    assert freshness.age_seconds(0.99) == float("inf")


def test_what_is_long_ago_is_forgotten(freshness, now):
    def go_on(seconds: float) -> None:
        """Let time pass in which the gauge is asked for again and again."""
        for _ in range(round(seconds / 10)):
            now[0] += 10
            freshness.age_seconds(0.99)

    freshness.note(visits(now[0], 86_400.0, 100))
    go_on(WINDOW_SECONDS / 2)
    freshness.note(visits(now[0], 0.2, 100))
    assert freshness.age_seconds(0.99) == float("inf")
    go_on(WINDOW_SECONDS / 2 + 10)
    assert freshness.age_seconds(0.99) == 0.25
    go_on(WINDOW_SECONDS / 2)
    assert freshness.age_seconds(0.99) == 0.0


def test_every_age_is_counted_and_the_gauge_is_shown(freshness, registry, now):
    freshness.note(visits(now[0], 0.2, 3))
    shown = {
        (sample.name, sample.labels.get("le", "")): sample.value
        for family in registry.collect()
        for sample in family.samples
    }
    assert shown["hopline_freshness_p99_seconds", ""] == 0.25
    assert shown["hopline_click_age_seconds_bucket", "0.1"] == 0
    assert shown["hopline_click_age_seconds_bucket", "0.25"] == 3
    assert shown["hopline_click_age_seconds_count", ""] == 3
