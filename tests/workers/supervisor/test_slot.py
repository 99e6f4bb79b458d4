from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.supervisor.slot import CRASH_LOOP_DEATHS, HEALTHY_SECONDS, MOST_RESPAWN_SECONDS, Place


@dataclass
class Lived:
    """A consumer that has lived so long."""

    name: str
    seconds: float

    def lived_seconds(self):
        return self.seconds


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def place(now):
    return Place(1, lambda: now[0])


def die(place, seconds=0.0, *, is_failure=True):
    place.consumer = Lived("a", seconds)
    return place.vacate(is_failure=is_failure)


def test_an_empty_place_is_due_at_once(place):
    assert place.is_due


def test_a_filled_place_is_not_due(place):
    place.consumer = Lived("a", 0)
    assert not place.is_due


def test_a_successor_waits_and_is_told_whom_it_follows(place, now):
    seconds = die(place)
    assert not place.is_due
    now[0] += seconds
    assert place.is_due
    assert (place.predecessor, place.restarts) == ("a", 1)


def test_early_deaths_in_a_row_are_a_crash_loop(place):
    for _ in range(CRASH_LOOP_DEATHS):
        assert not place.is_crash_looping
        die(place)
    assert place.is_crash_looping


def test_who_ends_without_a_failure_makes_no_crash_loop(place):
    for _ in range(CRASH_LOOP_DEATHS * 2):
        die(place, is_failure=False)
    assert not place.is_crash_looping


def test_a_crash_loop_ends_when_a_consumer_has_lived_long(place):
    for _ in range(CRASH_LOOP_DEATHS):
        die(place)
    place.consumer = Lived("b", HEALTHY_SECONDS)
    place.note_life()
    assert not place.is_crash_looping


def test_a_death_after_a_long_life_is_the_first_again(place):
    for _ in range(10):
        die(place)
    assert die(place, HEALTHY_SECONDS) < 1
    assert not place.is_crash_looping


@given(st.lists(st.floats(0, HEALTHY_SECONDS * 2), min_size=1, max_size=50))
def test_it_never_spins(lives):
    now = [1000.0]
    place = Place(1, lambda: now[0])
    early = 0
    for seconds in lives:
        now[0] += seconds
        early = 1 if seconds >= HEALTHY_SECONDS else early + 1
        waited = die(place, seconds)
        least = min(0.25 * 2 ** (early - 1), MOST_RESPAWN_SECONDS) / 2
        assert least <= waited <= MOST_RESPAWN_SECONDS
        now[0] = place.due_at
