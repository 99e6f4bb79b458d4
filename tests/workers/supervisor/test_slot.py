from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.supervisor.slot import CRASH_LOOP_DEATHS, HEALTHY_SECONDS, MOST_RESPAWN_SECONDS, Slot


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
def slot(now):
    return Slot(1, lambda: now[0])


def die(slot, seconds=0.0, *, is_failure=True):
    slot.consumer = Lived("a", seconds)
    return slot.vacate(is_failure=is_failure)


def test_an_empty_slot_is_due_at_once(slot):
    assert slot.is_due


def test_a_filled_slot_is_not_due(slot):
    slot.consumer = Lived("a", 0)
    assert not slot.is_due


def test_a_successor_waits_and_is_told_whom_it_follows(slot, now):
    seconds = die(slot)
    assert not slot.is_due
    now[0] += seconds
    assert slot.is_due
    assert (slot.predecessor, slot.restarts) == ("a", 1)


def test_early_deaths_in_a_row_are_a_crash_loop(slot):
    for _ in range(CRASH_LOOP_DEATHS):
        assert not slot.is_crash_looping
        die(slot)
    assert slot.is_crash_looping


def test_who_ends_without_a_failure_makes_no_crash_loop(slot):
    for _ in range(CRASH_LOOP_DEATHS * 2):
        die(slot, is_failure=False)
    assert not slot.is_crash_looping


def test_a_crash_loop_ends_when_a_consumer_has_lived_long(slot):
    for _ in range(CRASH_LOOP_DEATHS):
        die(slot)
    slot.consumer = Lived("b", HEALTHY_SECONDS)
    slot.note_life()
    assert not slot.is_crash_looping


def test_a_death_after_a_long_life_is_the_first_again(slot):
    for _ in range(10):
        die(slot)
    assert die(slot, HEALTHY_SECONDS) < 1
    assert not slot.is_crash_looping


@given(st.lists(st.floats(0, HEALTHY_SECONDS * 2), min_size=1, max_size=50))
def test_it_never_spins(lives):
    now = [1000.0]
    slot = Slot(1, lambda: now[0])
    early = 0
    for seconds in lives:
        now[0] += seconds
        early = 1 if seconds >= HEALTHY_SECONDS else early + 1
        waited = die(slot, seconds)
        least = min(0.25 * 2 ** (early - 1), MOST_RESPAWN_SECONDS) / 2
        assert least <= waited <= MOST_RESPAWN_SECONDS
        now[0] = slot.due_at
