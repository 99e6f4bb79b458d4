import itertools
from random import Random

import pytest

from loadtest.scenario.schedule import Arrivals


def arrivals(rate, *, seconds=10, poisson=False, begins_at=100.0):
    return Arrivals(rate, begins_at=begins_at, seconds=seconds, random=Random(1), poisson=poisson)


def all_of(schedule):
    return list(iter(schedule.take, None))


def test_constant_arrivals_are_evenly_spaced_from_the_beginning():
    due = all_of(arrivals(lambda _: 10, seconds=1))
    assert due == pytest.approx([100 + number / 10 for number in range(1, 10)])


def test_poisson_arrivals_have_the_rate_and_the_spread_of_visitors():
    due = all_of(arrivals(lambda _: 200, seconds=50, poisson=True))
    gaps = [later - earlier for earlier, later in itertools.pairwise(due)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert len(due) == pytest.approx(10_000, rel=0.05)
    # An exponential distribution's deviation is its mean.
    assert variance**0.5 == pytest.approx(mean, rel=0.05)


def test_a_changing_rate_is_followed():
    due = all_of(arrivals(lambda elapsed: 100 if elapsed < 5 else 20))
    early = sum(at < 105 for at in due)
    assert early == pytest.approx(500, abs=2)
    assert len(due) - early == pytest.approx(100, abs=2)


def test_nothing_is_due_while_the_rate_is_zero():
    due = all_of(arrivals(lambda elapsed: 0 if 2 <= elapsed < 8 else 50))
    assert not [at for at in due if 102.1 < at < 107.95]
    assert [at for at in due if at > 108]


def test_arrivals_never_wait_for_whoever_takes_them():
    schedule = arrivals(lambda _: 10)
    first = schedule.take()
    assert schedule.take() - first == pytest.approx(0.1)


def test_starts_that_nobody_took_are_counted_once():
    schedule = arrivals(lambda _: 10, seconds=1)
    for _ in range(4):
        schedule.take()
    assert schedule.taken == 4
    assert schedule.give_up() == 5
    assert schedule.give_up() == 0
    assert schedule.take() is None
