from hypothesis import given
from hypothesis import strategies as st

from app.redirect.tasks.backoff import backoff_seconds


@given(failures=st.integers(0, 100), chance=st.floats(0, 1))
def test_backoff_is_jittered_and_bounded(failures, chance):
    assert 0.01 <= backoff_seconds(failures, chance) <= 1.0
