"""Balance that counts the clicks of each minute by where they are: sets alone, without any I/O."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Literal

from app.audit.click_ref import ClickRef

State = Literal["inserted", "dead", "pending", "unread", "spooled", "missing", "uncounted"]
#: On its way, a click may be seen in two states; it counts at the first of these.
IN_FLIGHT: tuple[State, ...] = ("dead", "pending", "unread", "spooled")


@dataclass(frozen=True, slots=True)
class Figures:
    """Distinct clicks of some time, each counted in one state.

    Attributes:
        inserted: in ClickHouse, and taken on before.
        missing: taken on and nowhere to be found.
        uncounted: in ClickHouse, and never taken on; none of the accepted.
    """

    inserted: int = 0
    dead: int = 0
    pending: int = 0
    unread: int = 0
    spooled: int = 0
    missing: int = 0
    uncounted: int = 0

    @property
    def accepted(self) -> int:
        """All clicks that visitors made and we know of."""
        return self.inserted + self.in_flight + self.missing

    @property
    def in_flight(self) -> int:
        """Clicks that are still on their way, or dead."""
        return self.dead + self.pending + self.unread + self.spooled

    @property
    def is_balanced(self) -> bool:
        """Whether each accepted click is in its state, and no other."""
        return not (self.missing or self.uncounted)


def added_up(figures: Iterable[Figures]) -> Figures:
    """Return the sums of some figures."""
    rows = map(attrgetter(*(one.name for one in fields(Figures))), figures)
    return Figures(*map(sum, zip(*rows, strict=True)))


def state_of_each(seen: Mapping[State, Iterable[ClickRef]]) -> dict[ClickRef, State]:
    """Return the state in which each click in flight counts, given all in which it was seen."""
    states: dict[ClickRef, State] = {}
    for state in reversed(IN_FLIGHT):
        states.update(dict.fromkeys(seen.get(state, ()), state))
    return states


def balance(
    in_ledger: Mapping[int, int],
    absent: Set[ClickRef],
    uncounted: Set[ClickRef],
    states: Mapping[ClickRef, State],
    begun: Set[ClickRef],
    forgotten: Set[ClickRef] = frozenset(),
) -> dict[int, Figures]:
    """Return the figures of each minute in which there was a click.

    Args:
        in_ledger: number of clicks that consumers took on, by minute.
        absent: those of them that are not in ClickHouse.
        uncounted: clicks that are in ClickHouse and were not taken on.
        states: where the clicks in flight are, as :func:`state_of_each` says.
        begun: those of them that were taken on.
        forgotten: clicks that were taken on, and of which ClickHouse knows nothing any more.
    """
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for minute, count in in_ledger.items():
        counts[minute]["inserted"] = count
    for click_ref in absent:
        counts[click_ref.minute]["inserted"] -= 1
        counts[click_ref.minute][states.get(click_ref, "missing")] += 1
    for click_ref in forgotten - states.keys():
        counts[click_ref.minute]["missing"] += 1
    for click_ref in uncounted:
        counts[click_ref.minute]["uncounted"] += 1
    for click_ref, state in states.items():
        if click_ref not in begun and click_ref not in uncounted:
            counts[click_ref.minute][state] += 1
    return {minute: Figures(**count) for minute, count in counts.items()}
