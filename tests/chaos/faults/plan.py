"""Which faults strike when: drawn from a seed, so that a run can be repeated.

The same seed gives the same faults at the same moments for the same times, aimed at the same
victims. What the processes do in those milliseconds is up to the machine.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import NamedTuple

#: Between the end of one fault and the next that needs the same part of the testbed.
_REST_SECONDS = 1.0
_FIRST_SECONDS = 1.0
#: A fault that is meant to meet another begins so far into that one's time.
_MEETS_AT = (0.1, 0.7)
#: Moments that are tried for it; what it needs may be another fault's.
_TRIES = 8

#: Redirect workers are killed with -9 at its beginning.
KILLS_REDIRECT = "kills redirect"
#: Clocks of Hopline leave those of the proxies meanwhile, by more than a visit can be old: the
#: second try of a visit whose worker was killed counts as a visit of its own (docs/delivery.md).
PARTS_CLOCKS = "parts clocks"
#: The redirect workers can't write to Redis meanwhile.
REDIS_AWAY = "redis away"
#: The redirect workers can't hear of changed links meanwhile.
UNHEARD = "links unheard"
#: It hits the process that answers visitors, or the whole machine: they may have to wait.
MAKES_WAIT = "makes visitors wait"
#: What was confirmed in the last second before it may be gone from Redis.
LOSES_TAIL = "loses the tail"
#: Redis is killed with -9. While its disk is behind with a sync, it writes its file as much as two
#: seconds late (appendfsync everysec), and what it confirmed meanwhile is gone as well.
KILLS_REDIS = "kills redis"
#: Redirect workers leave before they could tell Redis which uses of limited links it lost.
FORGETS_USES = "forgets uses"


class Kind(NamedTuple):
    """A kind of fault.

    Attributes:
        claims: what no second fault may touch at the same time. A server that is killed can't be
            frozen as well; faults that claim different parts overlap as chance has it.
        holds: the shortest and the longest that it lasts, in seconds.
        marks: of the constants above.
        shares: what others may share with it, but none may claim.
    """

    name: str
    claims: frozenset[str]
    holds: tuple[float, float]
    marks: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()

    def meets(self, other: "Kind") -> bool:
        """Tell whether both may strike at the same time."""
        return not (
            self.claims & (other.claims | other.shares)
            or other.claims & (self.claims | self.shares)
            or {KILLS_REDIRECT, PARTS_CLOCKS} <= self.marks | other.marks
        )


class PlannedFault(NamedTuple):
    """One fault at its moment.

    Attributes:
        at_seconds, hold_seconds: since the beginning of the run, and until it is lifted.
        seed: of everything else that is left to chance, e.g. which consumer is hit.
    """

    at_seconds: float
    kind: str
    hold_seconds: float
    seed: int

    @property
    def free_at(self) -> float:
        """When what it claims may be struck again."""
        return self.at_seconds + self.hold_seconds + _REST_SECONDS


class _Plan:
    """Strikes as they are drawn, each where no earlier one is in its way."""

    def __init__(self, kinds: Iterable[Kind], seed: int, seconds: float) -> None:
        self.strikes: list[PlannedFault] = []
        self._kinds = {kind.name: kind for kind in kinds}
        self._random = Random(seed)
        self._seconds = seconds

    def shuffled(self) -> list[Kind]:
        return self._random.sample(list(self._kinds.values()), len(self._kinds))

    def pause(self, every_seconds: float) -> float:
        return self._random.uniform(0.2, 1.8) * every_seconds

    def add(self, kind: Kind, at_seconds: float) -> PlannedFault | None:
        """Have a fault strike then, if nothing is in its way for as long as it takes."""
        hold_seconds = min(self._random.uniform(*kind.holds), self._seconds - at_seconds)
        seed = self._random.getrandbits(32)
        strike = PlannedFault(at_seconds, kind.name, hold_seconds, seed)
        if at_seconds >= self._seconds or not all(map(self._leaves_room(strike), self.strikes)):
            return None
        self.strikes.append(strike)
        return strike

    def add_partner(self, first: PlannedFault, kind: Kind) -> PlannedFault | None:
        """Have a fault strike while another lasts."""
        for _ in range(_TRIES):
            share = self._random.uniform(*_MEETS_AT)
            strike = self.add(kind, first.at_seconds + share * first.hold_seconds)
            if strike is not None:
                return strike
        return None

    def _leaves_room(self, strike: PlannedFault) -> Callable[[PlannedFault], bool]:
        kind = self._kinds[strike.kind]

        def leaves_room(other: PlannedFault) -> bool:
            is_apart = strike.free_at <= other.at_seconds or other.free_at <= strike.at_seconds
            return is_apart or kind.meets(self._kinds[other.kind])

        return leaves_room


def make_plan(
    kinds: Sequence[Kind],
    seed: int,
    seconds: float,
    every_seconds: float,
    pairs: Mapping[str, Sequence[str]] | None = None,
    lasting: Kind | None = None,
) -> list[PlannedFault]:
    """Return strikes in order of time, each lifted before the end.

    Every kind comes once before any comes again, as far as its claims allow.

    Args:
        every_seconds: mean time between two strikes.
        pairs: faults, and those that are to strike while they last: each time the next of them.
        lasting: a fault that lasts all the time; those that can't meet it are left out.
    """
    kinds = [kind for kind in kinds if lasting is None or kind.meets(lasting)]
    plan = _Plan(kinds, seed, seconds)
    partners = _Partners(kinds, pairs or {})
    waiting = plan.shuffled()
    at_seconds = _FIRST_SECONDS
    while at_seconds < seconds:
        for kind in waiting:
            strike = plan.add(kind, at_seconds)
            if strike is not None:
                waiting.remove(kind)
                partners.join(plan, strike)
                break
        waiting = waiting or plan.shuffled()
        at_seconds += plan.pause(every_seconds)
    if lasting is not None:
        hold_seconds = seconds - _FIRST_SECONDS
        plan.strikes.append(PlannedFault(_FIRST_SECONDS, lasting.name, hold_seconds, seed))
    return sorted(plan.strikes)


class _Partners:
    """Deals each fault those that it is to meet, one after the other."""

    def __init__(self, kinds: Iterable[Kind], pairs: Mapping[str, Sequence[str]]) -> None:
        known = {kind.name: kind for kind in kinds}
        self._turns = {
            first: [known[name] for name in names if name in known]
            for first, names in pairs.items()
        }

    def join(self, plan: _Plan, first: PlannedFault) -> None:
        turns = self._turns.get(first.kind, [])
        for kind in tuple(turns):
            if plan.add_partner(first, kind) is not None:
                turns.remove(kind)
                turns.append(kind)
                return
