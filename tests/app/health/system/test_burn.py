from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.health.system.burn import Burn, Sample, burn_rates
from tests.support.redirect.fakes import FakeClock

HOUR = 3600


def window(told: dict[str, Any], seconds: int) -> dict[str, Any]:
    (found,) = (one for one in told["windows"] if one["window_seconds"] == seconds)
    return dict(found)


def test_a_rate_of_one_uses_the_budget_up_exactly() -> None:
    clock = FakeClock()
    burn = Burn(clock)
    burn.note(10_000, 500)
    clock.now += 60
    burn.note(11_000, 501)
    told = burn.told()
    assert [one["burn_rate"] for one in told["windows"]] == [1.0] * 4
    assert window(told, HOUR)["seen_seconds"] == 60
    assert not told["is_too_high"]


def test_what_is_over_burns_no_more_in_a_short_window() -> None:
    clock = FakeClock()
    burn = Burn(clock)
    burn.note(0, 0)
    clock.now += 60
    burn.note(1_000, 100)
    assert burn.told()["is_too_high"]
    for _ in range(60):
        clock.now += 30
        burn.note(1_000, 100)
    told = burn.told()
    assert (window(told, 300)["answers"], window(told, 300)["burn_rate"]) == (0, None)
    assert window(told, HOUR)["burn_rate"] == 100.0
    assert window(told, HOUR)["is_too_high"]
    assert not told["is_too_high"]


def test_counts_that_begin_anew_are_no_answers_and_no_slow_ones() -> None:
    clock = FakeClock()
    burn = Burn(clock)
    for answers, slow in ((5_000, 5), (6_000, 5), (10, 0), (20, 1)):
        burn.note(answers, slow)
        clock.now += 20
    found = window(burn.told(), 300)
    assert (found["answers"], found["slow"]) == (10, 1)


def test_nothing_is_said_before_anything_was_seen() -> None:
    told = Burn(FakeClock()).told()
    assert not told["is_too_high"]
    assert {(one["answers"], one["burn_rate"]) for one in told["windows"]} == {(0, None)}


def test_six_hours_are_held_however_often_somebody_looks() -> None:
    clock = FakeClock()
    burn = Burn(clock)
    for count in range(9 * HOUR):
        clock.now += 1
        burn.note(count, 0)
    assert len(burn._samples) <= 6 * HOUR / 10 + 3
    found = window(burn.told(), 6 * HOUR)
    assert 6 * HOUR - 11 <= found["answers"] <= 6 * HOUR + 11
    assert found["seen_seconds"] == 6 * HOUR


STEPS = st.lists(st.tuples(st.integers(1, 4_000), st.integers(0, 99), st.integers(0, 9)))


@given(STEPS)
def test_no_window_has_more_than_a_longer_one(steps: list[tuple[int, int, int]]) -> None:
    samples, at, answers, slow = [], 0.0, 0, 0
    for seconds, more, slower in steps:
        at, answers, slow = at + seconds, answers + more + slower, slow + slower
        samples.append(Sample(at, answers, slow))
    for shorter, longer in pairwise(burn_rates(samples)):
        assert shorter["answers"] <= longer["answers"]
        assert 0 <= shorter["slow"] <= shorter["answers"]
