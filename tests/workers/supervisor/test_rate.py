import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.supervisor.rate import WINDOW_SECONDS, Rate


def rate_of(*noted: tuple[float, int]) -> float:
    rate = Rate()
    for now, count in noted:
        rate.note(now, count)
    return rate.per_second()


def test_one_look_is_no_rate():
    assert rate_of() == 0
    assert rate_of((1.0, 5)) == 0


def test_a_rate_is_growth_over_time():
    assert rate_of((1.0, 0), (3.0, 10)) == 5


def test_two_looks_at_the_same_moment_are_no_rate():
    assert rate_of((1.0, 0), (1.0, 10)) == 0


def test_what_is_older_than_the_window_no_longer_counts():
    looks = [(float(second), 1000) for second in range(1, 40)]
    assert rate_of((0.0, 0), *looks) == 0


@given(st.floats(0.1, 1000), st.integers(2, 200), st.floats(0.05, WINDOW_SECONDS / 2))
def test_steady_growth_is_found_however_often_one_looks(per_second, looks, every_seconds):
    noted = [(n * every_seconds, n * every_seconds * per_second) for n in range(looks)]
    assert rate_of(*noted) == pytest.approx(per_second)
