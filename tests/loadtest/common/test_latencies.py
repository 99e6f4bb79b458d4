import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.common.latencies import Latencies


def of(*seconds):
    latencies = Latencies()
    for each in seconds:
        latencies.add(each)
    return latencies


@given(st.floats(min_value=0.0001, max_value=0.131))
def test_a_tenth_of_a_millisecond_is_told_apart(seconds):
    assert of(seconds).at(100) == pytest.approx(seconds * 1000, abs=0.1)


@given(st.floats(min_value=0.131, max_value=500))
def test_above_it_is_right_to_a_thousandth(seconds):
    assert of(seconds).at(100) == pytest.approx(seconds * 1000, rel=0.002)


def test_one_slow_request_in_a_thousand_shows_in_p999_and_not_in_p99():
    latencies = of(*[0.005] * 998, 1.0, 1.0)
    assert latencies.at(99) < 6
    assert latencies.at(99.9) > 990


@given(st.lists(st.floats(min_value=0.0001, max_value=60), max_size=40))
def test_merging_two_halves_is_the_whole(seconds):
    half = len(seconds) // 2
    merged = Latencies.merged(of(*seconds[:half]), of(*seconds[half:]))
    whole = of(*seconds)
    assert merged.count == whole.count
    assert [merged.at(p) for p in (50, 90, 99, 100)] == [whole.at(p) for p in (50, 90, 99, 100)]


def test_nothing_has_no_latency():
    assert of().at(99) == 0.0
    assert of().max_ms == 0.0


def test_what_is_out_of_range_counts_as_its_end():
    assert of(-1.0, 0.0).count == 2
    assert of(10_000.0).max_ms == pytest.approx(600_000, rel=0.002)
