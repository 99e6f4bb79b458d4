"""Primaries that serve a cluster's slots, by these.

Rule 1: when a replica takes over, it is the same primary at another end: what was last confirmed
        there, what is remembered from there and what is owed to it stay together.
Rule 2: a primary that is new takes part once it is connected to, or after a moment.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

import gevent
import hiredis
from gevent.event import Event

from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.cluster.primary import Primary
from app.redirect.redis.replies import OnReply, PipelineError
from app.redirect.redis.resp import encode_command
from app.stores.redis.address import Peer
from app.stores.redis.cluster import SLOT_COUNT, Node, SlotMap, read_redirection

logger = logging.getLogger(__name__)

_ASKING = encode_command(b"ASKING")
_JOIN_SECONDS = 0.5
#: For the replies of one that has given all its slots away.
_LEAVE_SECONDS = 0.1

_Who = TypeVar("_Who")
MakePrimary = Callable[[Node], Primary]
OnPrimary = Callable[[Primary], None]


class Primaries:
    """Primaries that serve slots now.

    Attributes:
        of_slot: each slot's; None while nobody serves it.
        all: each once, in the order of their first slots.
        slot_map: what this goes by.
        is_refresh_due: an Event that is set when the map has turned out to be old.
        on_joined: called with a primary before it takes part; it is not connected to yet.
        on_left: called with one that serves no slot any more, once nothing is sent there.
        on_moved: called with the slots that changed hands; may not block.
    """

    def __init__(self, make: MakePrimary, metrics: RedirectMetrics) -> None:
        """Begin without any.

        Args:
            make: makes one that is not connected.
        """
        self.of_slot: list[Primary | None] = [None] * SLOT_COUNT
        self.all: tuple[Primary, ...] = ()
        self.slot_map = SlotMap()
        self.is_refresh_due = Event()
        self.on_joined: list[OnPrimary] = []
        self.on_left: list[OnPrimary] = []
        self.on_moved: list[Callable[[Collection[int]], None]] = []
        self._make = make
        self._redirections = metrics.redis_redirections
        self._at: dict[Peer, Primary] = {}

    def update(self, slot_map: SlotMap) -> None:
        """Go by another map; blocks the calling greenlet while new primaries are connected to."""
        former = successors({primary: primary.node for primary in self.all}, slot_map.nodes)
        following = {node.id: former.get(node.id) or self._join(node) for node in slot_map.nodes}
        joined = [primary for primary in following.values() if primary not in self.all]
        self._at |= {primary.node.end: primary for primary in joined}
        gevent.wait([primary.pipeline.connected for primary in joined], _JOIN_SECONDS)
        left = set(self.all) - set(following.values())
        self.all = tuple(following.values())
        self._assign(slot_map, following)
        for node in slot_map.nodes:
            following[node.id].become(node)
        self._at = {primary.node.end: primary for primary in self.all}
        for primary in left:
            self._leave(primary)

    def follow(
        self,
        reply: object,
        asked: Primary,
        command: bytes,
        on_reply: OnReply,
        *,
        is_click: bool = False,
    ) -> Primary | None:
        """Send a command that was redirected where it was redirected to; return whom it went to.

        Whatever the reply then is, it is given to the callback.

        Args:
            reply: any; None is returned if it is no redirection, or leads to nobody known.
            asked: who gave it.
        """
        if not isinstance(reply, hiredis.ReplyError):
            return None
        redirection = read_redirection(str(reply), asked.node.end)
        if redirection is None:
            return None
        self._redirections.labels("ask" if redirection.is_ask else "moved").inc()
        if not redirection.is_ask:
            self.is_refresh_due.set()
        target = self._at.get(redirection.end)
        if target is None or target is asked:
            return None
        pipeline = target.pipeline
        try:
            if redirection.is_ask:
                # It holds for the next command alone, and nothing comes between the two.
                pipeline.submit_here(_ASKING, _ignore)
            (pipeline.submit_click if is_click else pipeline.submit_here)(command, on_reply)
        except PipelineError:
            return None
        return target

    def close(self, patience_seconds: float) -> None:
        """End all connections, as :meth:`Pipeline.close` does one."""
        closing = [gevent.spawn(one.pipeline.close, patience_seconds) for one in self.all]
        gevent.joinall(closing, raise_error=True)

    def _join(self, node: Node) -> Primary:
        primary = self._make(node)
        for tell in self.on_joined:
            tell(primary)
        logger.info("%s serves slots of the cluster", primary)
        primary.pipeline.start()
        return primary

    def _leave(self, primary: Primary) -> None:
        logger.warning("%s serves no slots of the cluster any more", primary)
        primary.pipeline.close(_LEAVE_SECONDS)
        for tell in self.on_left:
            tell(primary)

    def _assign(self, slot_map: SlotMap, following: Mapping[str, Primary]) -> None:
        before, self.slot_map = self.of_slot, slot_map
        self.of_slot = [None] * SLOT_COUNT
        for each in slot_map:
            count = each.last + 1 - each.first
            self.of_slot[each.first : each.last + 1] = [following[each.node.id]] * count
        moved = [slot for slot in range(SLOT_COUNT) if before[slot] is not self.of_slot[slot]]
        if moved:
            for tell in self.on_moved:
                tell(moved)


def successors(before: Mapping[_Who, Node], after: Iterable[Node]) -> dict[str, _Who]:
    """Return who goes on as which node, by the node's id.

    That is who was that node; else whose replica it was, if that one serves no slots any more.

    Args:
        before: the node that each was.
        after: those that serve slots now.
    """
    nodes = list(after)
    going_on = {node.id: one for one, was in before.items() for node in nodes if node.id == was.id}
    left = {one: was for one, was in before.items() if one not in going_on.values()}
    for node in nodes:
        if node.id in going_on:
            continue
        successor = next((one for one, was in left.items() if node.end in was.replicas), None)
        if successor is not None:
            going_on[node.id] = successor
            del left[successor]
    return going_on


def _ignore(_: object) -> None:
    """Drop a reply that nobody waits for."""
