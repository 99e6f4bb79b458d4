from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from loadtest.bench_reports.generated import plan

_DAY_MS = 86_400_000
moments = st.integers(1_700_000_000_000, 1_900_000_000_000)


@given(clicks=st.integers(1, 10**9), days=st.integers(1, 400), until_ms=moments)
def test_slices_hold_all_clicks_of_the_days_without_a_gap(clicks, days, until_ms):
    made = plan(clicks, 100, days, until_ms)
    slices = [*made.rested, *made.fresh]
    assert sum(each.count for each in slices) == clicks
    assert (slices[0].since_ms, slices[-1].until_ms) == (until_ms - days * _DAY_MS, until_ms)
    for one, next_one in pairwise(slices):
        assert one.until_ms == next_one.since_ms
        assert one.first + one.count == next_one.first
    assert made.fresh[0].since_ms == until_ms - _DAY_MS
    assert len(made.fresh) in (10, 11)


@given(count=st.integers(1, 400), until_ms=moments)
def test_days_that_are_over_end_before_the_last_click(count, until_ms):
    days = plan(1000, 100, count, until_ms).days
    assert len(days) == count
    assert days[-1] == datetime.fromtimestamp(until_ms / 1000, UTC).date() - timedelta(1)


def test_a_link_with_so_many_clicks_is_one_of_those_that_there_are():
    made = plan(200_000_000, 100_000, 90, 1_790_000_000_000)
    assert made.link_with(2_000) == "link004343"
    assert made.link_with(10**9) == "link000001"
    assert made.link_with(1) == "link100000"
