"""Cluster that shares keys out among nodes: a key's slot, who serves it, and redirections.

Rule 1: a slot is its claimant's with the highest configuration epoch, as the nodes have it among
        themselves. One that is cut off, and goes by an older map, misleads nobody who asks several.
Rule 2: MOVED and ASK mean that a command was not carried out, so it may be sent once more.

Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
"""

from binascii import crc_hqx
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from app.stores.redis.address import Peer

SLOT_COUNT = 16_384

#: What a node is asked, in this order; :func:`read_view` reads the replies.
QUESTIONS = ((b"CLUSTER", b"SLOTS"), (b"CLUSTER", b"NODES"))


class NoCluster(ValueError):
    """What answered is no node of a cluster, or its answer can't be read."""


def slot_of(key: str | bytes) -> int:
    """Return the slot of a key: that of its hash tag alone, if it has one."""
    name = key.encode() if isinstance(key, str) else key
    start = name.find(b"{")
    end = name.find(b"}", start + 1)
    if start >= 0 and end > start + 1:
        name = name[start + 1 : end]
    return crc_hqx(name, 0) % SLOT_COUNT


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where an error reply says that a key's slot is.

    Attributes:
        is_ask: whether only this command goes there, behind ASKING: the slot is being moved.
    """

    slot: int
    end: Peer
    is_ask: bool


def read_redirection(reply: str, asked: Peer) -> Redirection | None:
    """Read ``MOVED 3999 10.0.0.1:6381`` or ``ASK …``; None for any other error reply.

    Args:
        asked: who said it, whose host is meant where none or ``?`` is named.
    """
    kind, _, rest = reply.partition(" ")
    slot, _, place = rest.partition(" ")
    host, colon, port = place.partition(" ")[0].rpartition(":")
    if kind not in ("MOVED", "ASK") or not colon or not slot.isdecimal() or not port.isdecimal():
        return None
    end = asked[0] if host in _UNKNOWN else host.strip("[]"), int(port)
    return Redirection(int(slot), end, kind == "ASK")


#: Hosts of a node that doesn't know how it is reached: by the way that led to who names it.
_UNKNOWN = ("", "?")


@dataclass(frozen=True, slots=True)
class Node:
    """A primary, as other nodes know it.

    Attributes:
        end: where it is reached.
        epoch: its configuration epoch; who claims a slot with a higher one has it.
        replicas: where those are reached that follow it, and are not known to have failed.
        is_failed: whether most primaries call it away, so that a replica may replace it soon.
    """

    id: str
    end: Peer
    epoch: int = 0
    replicas: tuple[Peer, ...] = ()
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class SlotRange:
    """Slots that one primary serves, the last included."""

    first: int
    last: int
    node: Node


class SlotMap:
    """Map that tells which primary serves a slot.

    Args:
        ranges: which don't overlap.
    """

    def __init__(self, ranges: Iterable[SlotRange] = ()) -> None:
        self._ranges = tuple(sorted(ranges, key=lambda each: each.first))
        self._firsts = [each.first for each in self._ranges]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SlotMap) and self._ranges == other._ranges

    def __hash__(self) -> int:
        return hash(self._ranges)

    def __iter__(self) -> Iterator[SlotRange]:
        return iter(self._ranges)

    def node_of(self, slot: int) -> Node | None:
        """Return the primary of a slot; None while nobody serves it."""
        at = bisect_right(self._firsts, slot) - 1
        return self._ranges[at].node if at >= 0 and slot <= self._ranges[at].last else None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Each primary that serves slots, in the order of their first ones."""
        return tuple({each.node.id: each.node for each in self._ranges}.values())

    @property
    def slot_count(self) -> int:
        """How many slots are served; :data:`SLOT_COUNT` is all."""
        return sum(each.last - each.first + 1 for each in self._ranges)


@dataclass(frozen=True, slots=True)
class View:
    """How one node sees its cluster.

    Attributes:
        node_id: its own.
        members: ids of all nodes that it knows, its own among them.
    """

    node_id: str
    slots: SlotMap
    members: frozenset[str]


def read_view(asked: Peer, slots_reply: object, nodes_reply: object) -> View:
    """Return how a node sees its cluster, from its replies to :data:`QUESTIONS`.

    Ends are those of CLUSTER SLOTS, which follow ``cluster-preferred-endpoint-type`` and TLS; what
    else is known of a node says CLUSTER NODES.

    Args:
        asked: who answered; a node without a host is at its host.

    Raises:
        NoCluster: see there.
    """
    try:
        lines = [line.split() for line in _text(nodes_reply).splitlines() if line]
        known = {parts[0]: _Known(int(parts[6]), parts[2].split(",")) for parts in lines}
        slots = SlotMap(_read_range(asked, one, known) for one in _list(slots_reply))
        own_id = next(node_id for node_id, node in known.items() if "myself" in node.flags)
    except (LookupError, StopIteration, TypeError, ValueError) as error:
        raise NoCluster(f"{asked[0]}:{asked[1]} answers what no node of a cluster does") from error
    return View(own_id, slots, frozenset(known))


class _Known(NamedTuple):
    """What CLUSTER NODES says of a node."""

    epoch: int = 0
    flags: Sequence[str] = ()

    @property
    def is_failed(self) -> bool:
        return "fail" in self.flags


def _read_range(asked: Peer, reply: Any, known: Mapping[str, _Known]) -> SlotRange:
    first, last, primary, *replicas = reply
    node_id = _text(primary[2])
    of_node = known.get(node_id, _Known())
    followers = tuple(
        _read_end(asked, one)
        for one in replicas
        if not known.get(_text(one[2]), _Known()).is_failed
    )
    node = Node(node_id, _read_end(asked, primary), of_node.epoch, followers, of_node.is_failed)
    if not 0 <= int(first) <= int(last) < SLOT_COUNT:
        raise ValueError("no slots")
    return SlotRange(int(first), int(last), node)


def _read_end(asked: Peer, node: Any) -> Peer:
    host = _text(node[0] or b"")
    if host in _UNKNOWN:
        host = _metadata(node).get("ip") or asked[0]
    return host, int(node[1])


def _metadata(node: Any) -> dict[str, str]:
    """Return the further ends of a node, by their kinds: ``ip`` or ``hostname``."""
    found = node[3] if len(node) > 3 else {}
    pairs = found.items() if isinstance(found, dict) else zip(found[::2], found[1::2], strict=False)
    return {_text(name): _text(value) for name, value in pairs}


def _text(reply: object) -> str:
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def _list(reply: object) -> list[Any]:
    if not isinstance(reply, list):
        raise TypeError("no list")
    return reply


def merged(views: Sequence[SlotMap]) -> SlotMap:
    """Return the map that several views make together: of each slot the newest claim."""
    edges = sorted(
        {edge for view in views for each in view for edge in (each.first, each.last + 1)}
    )
    pieces = []
    for first, end in pairwise(edges):
        claims = [node for view in views if (node := view.node_of(first)) is not None]
        if claims:
            pieces.append(SlotRange(first, end - 1, max(claims, key=lambda node: node.epoch)))
    return SlotMap(_joined(pieces))


def _joined(pieces: Iterable[SlotRange]) -> Iterator[SlotRange]:
    """Yield ranges as long as can be, and each primary as its newest claim describes it."""
    kept = list(pieces)
    newest: dict[str, Node] = {}
    for piece in kept:
        before = newest.get(piece.node.id)
        if before is None or piece.node.epoch > before.epoch:
            newest[piece.node.id] = piece.node
    first = 0
    for at, piece in enumerate(kept):
        follows = at + 1 < len(kept) and kept[at + 1]
        if follows and follows.first == piece.last + 1 and follows.node.id == piece.node.id:
            continue
        yield SlotRange(kept[first].first, piece.last, newest[piece.node.id])
        first = at + 1
