"""Which faults strike when: drawn from a seed, so that a run can be repeated.

The same seed gives the same faults at the same moments for the same times, aimed at the same
victims. What the processes do in those milliseconds is up to the machine.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

#: Between the end of one fault and the next that needs the same part of the stage.
_REST_SECONDS = 1.0
_FIRST_SECONDS = 1.0

#: Redirect workers are killed with -9 at its beginning.
KILLS_REDIRECT = "kills redirect"
#: The redirect workers can't reach Redis meanwhile.
REDIS_AWAY = "redis away"


class Kind(NamedTuple):
    """A kind of fault.

    Attributes:
        claims: what no second fault may touch at the same time. A server that is killed can't be
            frozen as well; faults that claim different parts overlap as chance has it.
        holds: the shortest and the longest that it lasts, in seconds.
        marks: of :data:`KILLS_REDIRECT` and :data:`REDIS_AWAY`.
    """

    name: str
    claims: frozenset[str]
    holds: tuple[float, float]
    marks: frozenset[str] = frozenset()


class Strike(NamedTuple):
    """One fault at its moment.

    Attributes:
        at_seconds, hold_seconds: since the beginning of the run, and until it is lifted.
        seed: of everything else that is left to chance, e.g. which consumer is hit.
    """

    at_seconds: float
    kind: str
    hold_seconds: float
    seed: int


def make_plan(
    kinds: Sequence[Kind], seed: int, seconds: float, every_seconds: float
) -> list[Strike]:
    """Return strikes in order of time, each lifted before the end.

    Every kind comes once before any comes again, as far as its claims allow.

    Args:
        every_seconds: mean time between two strikes.
    """
    random = Random(seed)
    free_at: dict[str, float] = {}
    strikes: list[Strike] = []
    waiting = _shuffled(kinds, random)
    at_seconds = _FIRST_SECONDS
    while at_seconds < seconds:
        kind = next((kind for kind in waiting if _is_free(kind, free_at, at_seconds)), None)
        if kind is not None:
            waiting.remove(kind)
            waiting = waiting or _shuffled(kinds, random)
            hold_seconds = min(random.uniform(*kind.holds), seconds - at_seconds)
            strikes.append(Strike(at_seconds, kind.name, hold_seconds, random.getrandbits(32)))
            ends_at = at_seconds + hold_seconds + _REST_SECONDS
            free_at.update(dict.fromkeys(kind.claims, ends_at))
        at_seconds += random.uniform(0.2, 1.8) * every_seconds
    return strikes


def _shuffled(kinds: Sequence[Kind], random: Random) -> list[Kind]:
    return random.sample(kinds, len(kinds))


def _is_free(kind: Kind, free_at: dict[str, float], at_seconds: float) -> bool:
    return all(free_at.get(claim, 0.0) <= at_seconds for claim in kind.claims)
