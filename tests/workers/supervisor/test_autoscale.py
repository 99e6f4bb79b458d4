import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.supervisor.autoscale import Autoscale, Load, is_too_few, is_too_many

BEHIND = Load(lag=100_000, clicks_per_second=10_000.0, busy=0.95)
AT_EASE = Load(lag=0, clicks_per_second=100.0, busy=0.05)
LOADS = st.builds(
    Load,
    lag=st.none() | st.integers(0, 1_000_000),
    clicks_per_second=st.floats(0, 1e6),
    busy=st.floats(0, 1),
)


def counts(loads, least=1, most=8, count=1):
    scale = Autoscale(least, most)
    for load in loads:
        count = scale.decide(count, load)
        yield count


def test_one_more_comes_after_three_looks_that_agree():
    assert list(counts([BEHIND] * 7)) == [1, 1, 2, 2, 2, 3, 3]


def test_one_look_that_disagrees_starts_the_count_anew():
    assert list(counts([BEHIND, BEHIND, AT_EASE, BEHIND, BEHIND])) == [1, 1, 1, 1, 1]


def test_one_fewer_takes_four_times_as_long():
    assert list(counts([AT_EASE] * 25, count=4))[-1] == 2
    assert list(counts([AT_EASE] * 11, count=4))[-1] == 4


@pytest.mark.parametrize(
    ("load", "grows"),
    [
        (BEHIND, True),
        (BEHIND._replace(lag=None), False),
        (BEHIND._replace(busy=0.5), False),
        (BEHIND._replace(lag=1000), False),
        (BEHIND._replace(clicks_per_second=0.0), False),
    ],
    ids=[
        "busy and behind",
        "lag unknown",
        "they have time",
        "a lag of a moment",
        "a store is away",
    ],
)
def test_it_grows_only_when_consumers_are_what_is_missing(load, grows):
    assert is_too_few(load) is grows


@pytest.mark.parametrize(
    ("count", "load", "shrinks"),
    [
        (2, AT_EASE, True),
        (1, AT_EASE, False),
        (2, AT_EASE._replace(busy=0.3), False),
        (4, AT_EASE._replace(busy=0.3), True),
        (2, AT_EASE._replace(lag=10_000), False),
        (2, AT_EASE._replace(lag=None), False),
    ],
    ids=[
        "one would do",
        "one is the least",
        "one would be busy",
        "three would be at ease",
        "there is a lag",
        "lag unknown",
    ],
)
def test_it_shrinks_only_when_those_left_are_at_ease(count, load, shrinks):
    assert is_too_many(count, load) is shrinks


@given(LOADS, st.integers(2, 64))
def test_no_load_asks_for_both(load, count):
    assert not (is_too_few(load) and is_too_many(count, load))


@given(st.floats(1, 1e6), st.integers(2, 64), st.floats(0, 1))
def test_who_came_is_not_at_once_too_many(clicks_per_second, count, busy):
    """The same work on one consumer more does not look like too little for them all."""
    load = Load(int(clicks_per_second * 10), clicks_per_second, busy)
    if is_too_few(load):
        shared = Load(0, clicks_per_second, busy * count / (count + 1))
        assert not is_too_many(count + 1, shared)


@given(st.lists(LOADS, max_size=100), st.integers(1, 4), st.integers(0, 4), st.integers(1, 8))
def test_it_goes_in_single_steps_between_its_bounds(loads, least, more, count):
    previous = min(max(count, least), least + more)
    for now in counts(loads, least, least + more, previous):
        assert least <= now <= least + more
        assert abs(now - previous) <= 1
        previous = now
