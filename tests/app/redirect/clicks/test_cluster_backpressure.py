from types import SimpleNamespace

import hiredis
import pytest

from app.redirect.clicks.cluster_backpressure import ClusterBackpressure
from app.redirect.clicks.shard_choice import ShardChoice
from app.redirect.clicks.shard_routes import ShardRoutes
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.server import RedisServer
from tests.support.redirect.cluster_fakes import FakeCluster, node
from tests.support.redirect.fakes import FakeClock

#: One at each primary.
STREAMS = ["s:{u0}", "s:{ly}", "s:{9s}"]
MAXLEN = 1000
MANY, FEW = 900, 10


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(node(0), node(1), node(2))
        encoder = XaddEncoder(STREAMS[0], MAXLEN)
        choice = ShardChoice(STREAMS, encoder.address, 0, self.clock)
        self.routes = ShardRoutes(
            self.cluster.primaries, choice, encoder, budget_seconds=0.01, clock=self.clock
        )
        self.backpressure = ClusterBackpressure(
            self.routes,
            self.cluster.metrics,
            group="group",
            maxlen=MAXLEN,
            timeout_seconds=1,
            clock=self.clock,
        )
        self.cluster.start()
        self.reconnects: list[str] = []
        self.doubts: list[int] = []
        for at in range(3):
            pipeline = self.cluster.pipeline(at)
            server = RedisServer(f"run{at}", f"replid{at}", "master")
            pipeline.connection = SimpleNamespace(server=server)
            pipeline.reconnect = self.reconnects.append
            pipeline.on_new_server.append(lambda at=at: self.doubts.append(at))
            self.answer(at, FEW)

    def answer(self, at: int, backlog: int, memory=(0, 0), run: int | None = None) -> None:
        run = at if run is None else run
        who = [f"run{run}".encode(), f"replid{run}".encode(), b"master"]
        self.cluster.pipeline(at).call = lambda *_: [backlog, *memory, *who]

    def refuse(self, at: int, text: str) -> None:
        def call(*_):
            raise hiredis.ReplyError(text)

        self.cluster.pipeline(at).call = call

    def look(self) -> list[bool]:
        self.clock.now += 1
        for look in self.backpressure._looks:
            look.look()
        return [route.has_room for route in self.routes.routes]


@pytest.fixture
def world():
    world = World()
    world.backpressure.start()
    yield world
    world.backpressure.close()


def test_nothing_is_sent_before_the_first_look():
    world = World()
    assert world.backpressure.is_full
    assert world.backpressure.reason == "redis_away"
    world.backpressure.start()
    assert not world.backpressure.is_full
    assert world.look() == [True, True, True]
    world.backpressure.close()


def test_a_full_shard_is_left_and_clicks_are_diverted_when_all_are_full(world):
    world.answer(0, MANY)
    assert world.look() == [False, True, True]
    assert not world.backpressure.is_full
    for at in (1, 2):
        world.answer(at, MANY)
    assert world.look() == [False, False, False]
    assert (world.backpressure.is_full, world.backpressure.reason) == (True, "backlog")
    assert world.cluster.registry.get_sample_value("hopline_backlog") == 3 * MANY


def test_a_primary_without_memory_is_left(world):
    world.answer(1, FEW, memory=(99, 100))
    assert world.look() == [True, False, True]
    for at in (0, 2):
        world.answer(at, FEW, memory=(99, 100))
    world.look()
    assert world.backpressure.reason == "memory"
    assert world.cluster.registry.get_sample_value("hopline_redis_memory_full") == 1


def test_while_a_primary_is_away_the_last_decision_stands(world):
    world.answer(0, MANY)
    world.look()
    world.answer(0, FEW)
    world.cluster.pipeline(0).connected.clear()
    assert world.look() == [False, True, True]


@pytest.mark.parametrize(
    ("refusal", "has_room"), [("WRONGTYPE Operation against a key", False), ("NOPERM no", True)]
)
def test_a_shard_that_may_not_be_looked_at_is_left_if_it_is_no_stream(world, refusal, has_room):
    world.refuse(0, refusal)
    assert world.look() == [has_room, True, True]


def test_a_master_without_replicas_is_doubted_once(world):
    world.refuse(2, "NOREPLICAS Not enough good replicas to write.")
    world.look()
    world.look()
    assert world.doubts == [2]
    world.answer(2, FEW)
    world.look()
    world.refuse(2, "MISCONF Errors writing to the AOF file")
    world.look()
    assert world.doubts == [2, 2]


def test_a_replica_has_the_map_asked_for(world):
    world.refuse(0, "READONLY You can't write against a read only replica.")
    world.look()
    assert world.cluster.primaries.is_refresh_due.is_set()


def test_a_server_that_became_another_is_left_and_one_that_answers_for_another_is_not(world):
    world.answer(0, FEW, run=1)
    world.look()
    assert world.reconnects == []
    world.answer(0, FEW, run=7)
    world.look()
    assert world.reconnects == ["the server was restarted or changed its role"]
