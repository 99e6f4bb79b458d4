"""Shapes that the rate takes over a run, as tables that anyone can edit."""

from typing import NamedTuple


class Stage(NamedTuple):
    """A part of a run.

    Attributes:
        share: of the run's length, relative to the shape's other stages.
        start, end: factors of the asked rate; in between the rate goes in a straight line.
    """

    share: float
    start: float
    end: float


class Shape(NamedTuple):
    """A run's stages, and how long it is unless someone says otherwise."""

    seconds: float
    stages: tuple[Stage, ...]


SHAPES = {
    "steady": Shape(60, (Stage(1, 1, 1),)),
    # From a tenth of the rate to ten times the rate: somewhere on the way something breaks.
    "ramp": Shape(120, (Stage(1, 0.1, 10),)),
    "spike": Shape(60, (Stage(4, 1, 1), Stage(1, 5, 5), Stage(5, 1, 1))),
    # Long and below the rate: leaks, compactions, log rotation.
    "soak": Shape(4 * 3600, (Stage(1, 0.7, 0.7),)),
}


def factor(shape: Shape, elapsed: float, seconds: float) -> float:
    """Return the factor of the rate so many seconds after the beginning of a run."""
    total = sum(stage.share for stage in shape.stages)
    begun = 0.0
    for stage in shape.stages:
        length = seconds * stage.share / total
        if elapsed < begun + length:
            return stage.start + (stage.end - stage.start) * (elapsed - begun) / length
        begun += length
    return 0.0
