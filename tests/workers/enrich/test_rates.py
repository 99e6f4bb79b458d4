from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.rates import LIMIT, WINDOW_SECONDS, Rates

NOON_MS = 1_790_000_000_000


def ids(count, first=0):
    return [number.to_bytes(16, "big") for number in range(first, first + count)]


def test_twenty_clicks_within_ten_seconds_are_found_and_those_behind_them():
    rates = Rates()
    assert rates.find([NOON_MS] * LIMIT, [7] * LIMIT, ids(LIMIT)) == list(range(LIMIT))
    assert rates.find([NOON_MS + 1] * 2, [8, 7], ids(2, 100)) == [1]
    assert rates.find([NOON_MS + WINDOW_SECONDS * 1000], [7], ids(1, 102)) == []


def test_they_are_found_over_many_batches():
    rates = Rates()
    found = [rates.find([NOON_MS], [7], [click_id]) for click_id in ids(LIMIT + 1)]
    assert found == [[]] * (LIMIT - 1) + [[0], [0]]


def test_a_batch_that_is_tried_again_in_parts_counts_once():
    rates = Rates()
    count = LIMIT - 1
    batch = [NOON_MS] * count, [7] * count, ids(count)
    assert rates.find(*batch) == []
    for start in (0, 5, 9):
        assert rates.find(*(column[start : start + 5] for column in batch)) == []
    assert rates.find([NOON_MS], [7], ids(1, 100)) == [0]


def test_memory_is_bounded():
    rates = Rates(visitors=100)
    for number in range(2_000):
        time_ms = NOON_MS + number // 300 * WINDOW_SECONDS * 1000
        assert rates.find([time_ms], [number], ids(1, number)) == []
    assert len(rates._windows) <= 4
    assert max(map(len, rates._windows.values())) <= 100


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), max_size=120),
    st.integers(1, 40),
)
def test_a_click_is_found_once_its_visitor_has_made_twenty_in_its_window(clicks, size):
    click_ids = ids(len(clicks))
    rates, counts = Rates(), Counter()
    for start in range(0, len(clicks), size):
        some = clicks[start : start + size]
        times = [NOON_MS + second * 1000 for second, _ in some]
        visitors = [visitor for _, visitor in some]
        keys = [(time // 10_000, who) for time, who in zip(times, visitors, strict=True)]
        counts.update(keys)
        found = rates.find(times, visitors, click_ids[start : start + size])
        assert sorted(found) == [at for at, key in enumerate(keys) if counts[key] >= LIMIT]
