import pytest

from workers.consumer.circuit_breaker import COOL_DOWN_SECONDS, Breaker


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def breaker(metrics, now):
    return Breaker(0.5, metrics, lambda: now[0])


def deaths(breaker: Breaker) -> int:
    """How many more clicks may die, one after the other."""
    count = 0
    while breaker.admits():
        count += 1
    return count


def test_a_few_failures_are_bad_data(breaker):
    for _ in range(1000):
        breaker.note_good(2)
        assert breaker.admits()
    assert not breaker.is_open()


def test_when_most_fail_it_stops(breaker, metrics):
    breaker.note_good(100_000)
    assert deaths(breaker) == 50
    assert breaker.is_open()
    assert deaths(breaker) == 0
    assert metrics.breaker_open._value.get() == 1


def test_it_tells_how_long_it_stays_stopped(breaker, now):
    assert breaker.seconds_left() == 0
    deaths(breaker)
    now[0] += COOL_DOWN_SECONDS - 7
    assert breaker.seconds_left() == 7
    now[0] += 7
    assert breaker.seconds_left() == 0


def test_after_a_while_it_tries_again_with_a_few(breaker, metrics, now):
    deaths(breaker)
    now[0] += COOL_DOWN_SECONDS
    assert not breaker.is_open()
    assert metrics.breaker_open._value.get() == 0
    assert deaths(breaker) == 10
    assert breaker.is_open()


def test_what_works_again_is_forgiven(breaker, now):
    deaths(breaker)
    now[0] += COOL_DOWN_SECONDS
    breaker.note_good(100)
    assert deaths(breaker) == 50
