"""Counters that hold limited links to their limit on a cluster, one for each primary."""

from collections.abc import Callable

from app.links.link import Link
from app.redirect.links.answers import LookupUnavailable
from app.redirect.links.click_limits import ClickLimits
from app.redirect.redis.cluster.primaries import Primaries
from app.redirect.redis.cluster.primary import Primary
from app.stores.keys import link_uses_key
from app.stores.redis.cluster import slot_of


class ClusterClickLimits:
    """Has each link's clicks counted by the counter of the primary that serves the count's slot.

    Args:
        make: makes the counter of a primary.
    """

    def __init__(self, primaries: Primaries, make: Callable[[Primary], ClickLimits]) -> None:
        self._primaries = primaries
        self._make = make
        self._counters: dict[Primary, ClickLimits] = {}
        primaries.on_left.append(self._pass_on)

    def counter(self, primary: Primary) -> ClickLimits:
        """Return the counter of a primary, which has yet to take part."""
        self._counters[primary] = counter = self._make(primary)
        return counter

    def spend(self, link: Link, limit: int, click_id: bytes) -> bool:
        """Use up one click, see :meth:`ClickLimits.spend`.

        Raises:
            LookupUnavailable: as there, or nobody serves the slot.
        """
        return self._of(link.code).spend(link, limit, click_id)

    def are_left(self, link: Link, limit: int) -> bool:
        """Tell whether there are clicks left, see :meth:`ClickLimits.are_left`.

        Raises:
            LookupUnavailable: as there, or nobody serves the slot.
        """
        return self._of(link.code).are_left(link, limit)

    def _of(self, code: str) -> ClickLimits:
        primary = self._primaries.of_slot[slot_of(link_uses_key(code))]
        if primary is None:
            raise LookupUnavailable(f"uses of {code!r}: no primary serves their slot")
        return self._counters[primary]

    def _pass_on(self, left: Primary) -> None:
        """Have others count what a primary that serves no slots any more has to hear."""
        for code, click_id in self._counters.pop(left).give_away():
            self._of(code).owe([(code, click_id)])
