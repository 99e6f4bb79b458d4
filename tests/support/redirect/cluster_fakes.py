"""Primaries of a cluster that answer when the test does."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.cluster.primaries import Primaries
from app.redirect.redis.cluster.primary import Primary
from app.stores.redis.address import Address, Peer
from app.stores.redis.cluster import SLOT_COUNT, Node, SlotMap, SlotRange
from tests.support.redirect.fakes import FakePipeline

SEED = ("seed", 6379)


class FakePrimaryPipeline(FakePipeline):
    """A pipeline to a primary, whose connection is there from the start."""

    def __init__(self) -> None:
        super().__init__()
        self.on_new_server = []
        self.moved_for: list[str] = []
        self.is_closed = False
        self.connection = None

    submit_here = FakePipeline.submit

    def __len__(self) -> int:
        return len(self.waiting)

    def start(self) -> None:
        pass

    def close(self, _patience_seconds: float) -> None:
        self.is_closed = True

    def move(self, reason: str) -> None:
        self.moved_for.append(reason)

    def doubt_server(self) -> None:
        for tell in self.on_new_server:
            tell()


def end(number: int) -> Peer:
    """Return where a node listens."""
    return "10.0.0.1", 7000 + number


def node(number: int, *replicas: int, epoch: int = 1) -> Node:
    """Return a node that some others follow."""
    return Node(f"node{number}", end(number), epoch, tuple(map(end, replicas)))


def slots_of(nodes: Sequence[Node]) -> SlotMap:
    """Return a map in which nodes share the slots out evenly, in their order."""
    edges = [SLOT_COUNT * at // len(nodes) for at in range(len(nodes) + 1)]
    spans = zip(nodes, edges[:-1], edges[1:], strict=True)
    return SlotMap(SlotRange(first, last - 1, each) for each, first, last in spans)


class FakeCluster:
    """Primaries by a map that the test gives."""

    def __init__(self, *nodes: Node) -> None:
        self.registry = CollectorRegistry()
        self.metrics = RedirectMetrics(self.registry)
        self.primaries = Primaries(self._make, self.metrics)
        self.nodes = nodes

    def start(self) -> None:
        self.primaries.update(slots_of(self.nodes))

    def pipeline(self, at: int) -> FakePrimaryPipeline:
        """Return that of a primary, by its place in the order of slots."""
        return self.primaries.all[at].pipeline

    def _make(self, one: Node) -> Primary:
        return Primary(one, Address(seeds=(SEED,)), lambda _: FakePrimaryPipeline())
