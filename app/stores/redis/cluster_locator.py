"""Locator that tells which node of a cluster serves a slot, from what several nodes say.

Rule 1: what a majority of the primaries says is the map: a failover needs one, and any two have a
        primary in common, who knows the newer epoch. One that is cut off moves nobody.
Rule 2: for as long as no majority answers, the map is as it was, but for newer claims.
Rule 3: seeds of two clusters are refused: clicks and links would be in either.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from app.stores.redis.address import Address, Peer
from app.stores.redis.cluster import SlotMap, View, merged
from app.stores.redis.polling import Poll

logger = logging.getLogger(__name__)

#: Nodes are asked no less often, by who asks at all, and no more often whatever happens.
_FRESH_SECONDS = 1.0
_SOONEST_SECONDS = 0.1


class ClusterUnknown(OSError):
    """No node tells who serves a slot, or nobody does; the text says what each node says."""


class ClusterRefused(Exception):
    """The URL leads to no cluster, or to two, or nobody lets us in: someone has to mend it."""


class NoNodes(ClusterRefused):
    """The URL leads to servers of another kind, none of which is a node of a cluster."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a node doesn't say how it sees the cluster.

    Attributes:
        is_final: whether it will not until someone mends it.
        is_no_node: whether that is because it is none.
    """

    why: str
    is_final: bool = False
    is_no_node: bool = False


NO_NODE = Silence("is no node of a cluster", is_final=True, is_no_node=True)

#: What a node says.
Said = View | Silence

#: What an error reply has in it, in small letters, that stands for good.
_FINAL = {
    "cluster support disabled": Silence(
        "is no node of a cluster: write the URL of one server as redis://",
        is_final=True,
        is_no_node=True,
    ),
    "unknown command": NO_NODE,
    "no permissions": Silence(
        "doesn't let us ask: CLUSTER SLOTS and CLUSTER NODES have to be granted", is_final=True
    ),
}


def why_silent(error: str) -> Silence:
    """Return what an error reply to :data:`app.stores.redis.cluster.QUESTIONS` tells of a node."""
    said = error.lower()
    for words, silence in _FINAL.items():
        if words in said:
            return silence
    return Silence(f"says: {error}")


class ClusterLocator:
    """Locator that tells where slots are; all connections of a process go by one.

    Args:
        poll: asks nodes.
        lock: keeps others waiting meanwhile, threads or greenlets.
    """

    def __init__(
        self,
        address: Address,
        poll: Poll[Said],
        lock: AbstractContextManager[Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._poll = poll
        self._lock = lock
        self._clock = clock
        self._map: SlotMap | None = None
        self._members: frozenset[str] = frozenset()
        self._trouble: Exception | None = None
        self._asked_at = -_FRESH_SECONDS
        self._is_doubtful = False

    def slots(self) -> SlotMap:
        """Return who serves which slot; waits for the nodes, unless they were asked just now.

        Raises:
            ClusterUnknown: none of them tells.
            ClusterRefused: they won't.
        """
        with self._lock:
            rest_seconds = _SOONEST_SECONDS if self._is_doubtful else _FRESH_SECONDS
            if self._clock() - self._asked_at >= rest_seconds:
                self._ask()
            if self._map is None:
                raise self._trouble or ClusterUnknown("")
            return self._map

    def primary_of(self, slot: int) -> Address:
        """Return where a slot's primary is.

        Raises:
            ClusterUnknown: nobody serves it, or none of the nodes tells.
            ClusterRefused: they won't.
        """
        node = self.slots().node_of(slot)
        if node is None:
            raise ClusterUnknown(f"no node serves slot {slot}")
        return self.at(node.end)

    def any_primary(self) -> Address:
        """Return where a primary is that is not known to be away; raises as :meth:`slots`."""
        nodes = self.slots().nodes
        return self.at(next((node for node in nodes if not node.is_failed), nodes[0]).end)

    def at(self, end: Peer) -> Address:
        """Return the address of a node, who we are included."""
        return self._address.at(end)

    def silent_seeds(self) -> list[str]:
        """Return what is to be said of each seed that doesn't tell how it sees the cluster."""
        said = self._poll.latest
        return [
            f"{_shown(end)} {one.why}"
            for end in self._address.seeds
            if isinstance(one := said.get(end, Silence("doesn't answer")), Silence)
        ]

    def doubt(self) -> None:
        """Have the nodes asked anew before long: one that was named is away, or says MOVED."""
        self._is_doubtful = True

    def _ask(self) -> None:
        known = self._map.nodes if self._map else ()
        ends = dict.fromkeys((*self._address.seeds, *(node.end for node in known)))
        said = self._poll(tuple(ends), self._is_decided)
        self._asked_at, self._is_doubtful = self._clock(), False
        trouble: Exception | None = None
        try:
            self._learn(self._of_one_cluster(said))
        except (ClusterUnknown, ClusterRefused) as error:
            trouble = error
        self._tell(trouble)
        self._trouble = trouble

    def _is_decided(self, said: Mapping[Peer, Said]) -> bool:
        # At first all are waited for, as only so seeds of two clusters are found out.
        views = [view for view in said.values() if isinstance(view, View)]
        return self._map is not None and _has_majority(views)

    def _of_one_cluster(self, said: Mapping[Peer, Said]) -> list[View]:
        """Return what the nodes of our cluster say; one that was taken out of it serves nothing."""
        views = {
            end: view
            for end, view in said.items()
            if isinstance(view, View) and view.slots.slot_count
        }
        if not views:
            raise self._nobody(said)
        first, first_view = next(iter(views.items()))
        for end, view in views.items():
            if not self._members and first_view.members.isdisjoint(view.members):
                raise ClusterRefused(f"{_shown(first)} and {_shown(end)} are of two clusters")
        ours = self._members or first_view.members
        return [view for view in views.values() if not ours.isdisjoint(view.members)]

    def _nobody(self, said: Mapping[Peer, Said]) -> Exception:
        silences = [
            (end, one if isinstance(one, Silence) else Silence("serves no slots"))
            for end in self._address.seeds
            if (one := said.get(end, Silence("doesn't answer")))
        ]
        text = "; ".join(f"{_shown(end)} {one.why}" for end, one in silences)
        if all(one.is_no_node for _, one in silences):
            return NoNodes(text)
        is_final = all(one.is_final for _, one in silences)
        return ClusterRefused(text) if is_final else ClusterUnknown(text)

    def _learn(self, views: Sequence[View]) -> None:
        maps = [view.slots for view in views]
        if self._map is not None and not _has_majority(views):
            maps.append(self._map)
        self._map = merged(maps)
        self._members = frozenset().union(*(view.members for view in views)) or self._members

    def _tell(self, trouble: Exception | None) -> None:
        if trouble and self._map is not None and str(trouble) != str(self._trouble):
            logger.warning("%s is taken to be as it was: %s", self._address, trouble)
        elif self._trouble and not trouble:
            logger.warning("Nodes of %s answer again", self._address)


def _has_majority(views: Sequence[View]) -> bool:
    """Tell whether more than half of the primaries are among those who say how they see things."""
    primaries = {node.id for node in merged([view.slots for view in views]).nodes}
    return 2 * len(primaries & {view.node_id for view in views}) > len(primaries)


def _shown(end: Peer) -> str:
    return f"{end[0]}:{end[1]}"
