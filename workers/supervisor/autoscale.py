"""Rule that adds and removes consumers by load, one step at a time."""

from typing import NamedTuple

#: Between two decisions.
DECIDE_SECONDS = 5.0
#: Decisions in a row that must agree before one more or one fewer comes: 15 s and a minute.
_TURNS_TO_GROW = 3
_TURNS_TO_SHRINK = 12
#: Share of their time that the consumers work, past which they can't keep up for long.
_BUSY = 0.8
#: Share at which those that are left would still have time, so that none has to come back.
_AT_EASE = 0.5
#: Seconds of work, at the rate of this moment, that must wait before one more is worth its memory.
_LAG_SECONDS = 5.0


class Load(NamedTuple):
    """What there is to do, and how busy the consumers are with it.

    Attributes:
        lag: entries that nobody has read, None where that is not known.
        clicks_per_second: what all consumers together insert.
        busy: share of their time that they do not wait for entries, 0 to 1.
    """

    lag: int | None
    clicks_per_second: float
    busy: float


class Autoscale:
    """Decides how many consumers there should be, between two numbers, one step at a time.

    It grows when a lag has piled up although the consumers are busy, and shrinks when fewer would
    be at ease; between the two nothing changes, and a step needs several decisions that agree.
    """

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = max(least, most)
        self._turns_to_grow = 0
        self._turns_to_shrink = 0

    def decide(self, count: int, load: Load) -> int:
        """Return how many consumers there should be, given how many there are."""
        self._turns_to_grow = self._turns_to_grow + 1 if is_too_few(load) else 0
        self._turns_to_shrink = self._turns_to_shrink + 1 if is_too_many(count, load) else 0
        step = 0
        if self._turns_to_grow >= _TURNS_TO_GROW:
            step = 1
        elif self._turns_to_shrink >= _TURNS_TO_SHRINK:
            step = -1
        if step:
            self._turns_to_grow = self._turns_to_shrink = 0
        return min(max(count + step, self._least), self._most)


def is_too_few(load: Load) -> bool:
    """Tell whether the consumers are busy and fall behind.

    When nothing is inserted at all, a store is away, and more consumers would not help.
    """
    if load.lag is None or load.clicks_per_second <= 0:
        return False
    return load.busy >= _BUSY and load.lag >= load.clicks_per_second * _LAG_SECONDS


def is_too_many(count: int, load: Load) -> bool:
    """Tell whether one fewer would still be at ease."""
    is_behind = load.lag is None or load.lag > max(1.0, load.clicks_per_second) * _LAG_SECONDS
    return count > 1 and not is_behind and load.busy * count / (count - 1) <= _AT_EASE
