"""Clicks of the benchmark are clicks to Hopline, which their maker knows from outside only."""

from collections import Counter

import pytest

from app.clicks.click import from_fields
from loadtest.bench_workers import clicks as module
from loadtest.bench_workers.clicks import Traffic

NOW_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def _fewer_visitors(monkeypatch):
    monkeypatch.setattr(module, "_VISITORS", 10_000)


def decoded(count: int, seed: int = 1):
    entries = Traffic(seed).clicks(count, NOW_MS)
    fields = (dict(zip(entry[::2], entry[1::2], strict=True)) for entry in entries)
    return [from_fields(b"1-0", one) for one in fields]


def test_each_is_a_click_of_its_time_with_an_id_of_its_own():
    clicks = decoded(2_000)
    assert len({click.click_id for click in clicks}) == 2_000
    assert [click.time_ms for click in clicks] == [NOW_MS + n // 20 for n in range(2_000)]


def test_few_links_have_many_visits_and_visitors_vary():
    clicks = decoded(5_000)
    links = Counter(click.short_code for click in clicks)
    assert links.most_common(1)[0][1] > 20 * 5_000 / 20_000
    assert len(links) > 500
    assert len({click.user_agent for click in clicks}) > 500
    assert len({click.ip for click in clicks}) > 2_000
    assert len({click.referer for click in clicks}) > 500
    assert any(":" in click.ip for click in clicks)


def test_the_same_seed_makes_the_same_clicks():
    assert decoded(50) == decoded(50)
    assert decoded(50) != decoded(50, seed=2)
