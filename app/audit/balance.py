"""Balance that counts the clicks of each minute by where they are: sets alone, without any I/O."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Literal

from app.audit.click_ref import Sighting

Place = Literal["inserted", "dead", "pending", "unread", "spooled", "missing", "uncounted"]
#: On its way, a click may be seen in two places; it counts at the first of these.
OUTSTANDING: tuple[Place, ...] = ("dead", "pending", "unread", "spooled")


@dataclass(frozen=True, slots=True)
class Figures:
    """Distinct clicks of some time, each counted in one place.

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
        return self.inserted + self.outstanding + self.missing

    @property
    def outstanding(self) -> int:
        """Clicks that are still on their way, or dead."""
        return self.dead + self.pending + self.unread + self.spooled

    @property
    def is_balanced(self) -> bool:
        """Whether each accepted click is in its place, and no other."""
        return not (self.missing or self.uncounted)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(one + two for one, two in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[int, ...]:
        return (
            self.inserted,
            self.dead,
            self.pending,
            self.unread,
            self.spooled,
            self.missing,
            self.uncounted,
        )


def place_of_each(seen: Mapping[Place, Iterable[Sighting]]) -> dict[Sighting, Place]:
    """Return where each outstanding click counts, given all the places where it was seen."""
    places: dict[Sighting, Place] = {}
    for place in reversed(OUTSTANDING):
        places.update(dict.fromkeys(seen.get(place, ()), place))
    return places


def balance(
    entered: Mapping[int, int],
    absent: Set[Sighting],
    uncounted: Set[Sighting],
    places: Mapping[Sighting, Place],
    begun: Set[Sighting],
    forgotten: Set[Sighting] = frozenset(),
) -> dict[int, Figures]:
    """Return the figures of each minute in which there was a click.

    Args:
        entered: number of clicks that consumers took on, by minute.
        absent: those of them that are not in ClickHouse.
        uncounted: clicks that are in ClickHouse and were not taken on.
        places: where the outstanding clicks are, as :func:`place_of_each` says.
        begun: those of the outstanding that were taken on.
        forgotten: clicks that were taken on, and of which ClickHouse knows nothing any more.
    """
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for minute, count in entered.items():
        counts[minute]["inserted"] = count
    for sighting in absent:
        counts[sighting.minute]["inserted"] -= 1
        counts[sighting.minute][places.get(sighting, "missing")] += 1
    for sighting in forgotten - places.keys():
        counts[sighting.minute]["missing"] += 1
    for sighting in uncounted:
        counts[sighting.minute]["uncounted"] += 1
    for sighting, place in places.items():
        if sighting not in begun and sighting not in uncounted:
            counts[sighting.minute][place] += 1
    return {minute: Figures(**count) for minute, count in counts.items()}
