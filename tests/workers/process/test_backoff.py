from hypothesis import given
from hypothesis import strategies as st

from workers.process.backoff import Backoff


@given(st.floats(0.01, 10), st.floats(10, 100), st.floats(0, 1), st.integers(1, 30))
def test_waits_grow_to_a_limit_and_are_cut_by_half_at_most(first, most, fraction, times):
    backoff = Backoff(first, most, lambda: fraction)
    waits = [backoff.next_seconds() for _ in range(times)]
    assert waits == sorted(waits)
    assert first / 2 <= waits[0] <= first
    assert waits[-1] <= most


def test_after_a_success_the_first_wait_comes_again():
    backoff = Backoff(1.0, 8.0, lambda: 0.0)
    assert [backoff.next_seconds() for _ in range(5)] == [1, 2, 4, 8, 8]
    backoff.reset()
    assert backoff.next_seconds() == 1
