import pytest

from loadtest.scenario.shapes import SHAPES, Shape, Stage, factor


def test_a_steady_run_keeps_its_rate():
    assert [factor(SHAPES["steady"], at, 60) for at in (0, 30, 59.9)] == [1, 1, 1]


def test_a_ramp_rises_in_a_straight_line():
    ramp = Shape(10, (Stage(1, 0, 10),))
    assert [factor(ramp, at, 10) for at in (0, 5, 9)] == pytest.approx([0, 5, 9])


def test_a_spike_is_in_its_place_however_long_the_run():
    for seconds in (60, 600):
        assert factor(SHAPES["spike"], seconds * 0.39, seconds) == 1
        assert factor(SHAPES["spike"], seconds * 0.45, seconds) == 5
        assert factor(SHAPES["spike"], seconds * 0.51, seconds) == 1


def test_nothing_is_due_after_the_end():
    assert factor(SHAPES["steady"], 61, 60) == 0
