import logging

import pytest

from app.redirect.redis.cluster.monitor import ClusterMonitor
from app.stores.redis.cluster import SlotMap, SlotRange
from app.stores.redis.cluster_locator import ClusterRefused, ClusterUnknown
from tests.support.redirect.cluster_fakes import FakeCluster, node, slots_of
from tests.support.redirect.fakes import FakeClock
from tests.support.redirect.pipelines import task_failures

NODES = node(0, 3), node(1, 4)


class FakeLocator:
    def __init__(self) -> None:
        self.said = slots_of(NODES)

    def doubt(self) -> None:
        pass

    def slots(self) -> SlotMap:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster()
        self.locator = FakeLocator()
        self.monitor = ClusterMonitor(
            self.cluster.primaries,
            self.locator,
            name="the cluster",
            task_failures=task_failures(),
            clock=self.clock,
        )
        self.look()

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.monitor._look()


@pytest.fixture
def world(caplog) -> World:
    caplog.set_level(logging.WARNING)
    return World()


def test_it_goes_by_the_map(world):
    assert [str(one) for one in world.cluster.primaries.all] == ["10.0.0.1:7000", "10.0.0.1:7001"]
    world.locator.said = slots_of([node(3, 0, epoch=5), NODES[1]])
    world.look()
    assert str(world.cluster.primaries.all[0]) == "10.0.0.1:7003"


@pytest.mark.parametrize(
    "trouble",
    [
        ClusterRefused("h:1 is no node of a cluster: write the URL of one server as redis://"),
        ClusterRefused("h:1 and h:2 are of two clusters"),
        ClusterUnknown("h:1 can't be asked: refused"),
    ],
)
def test_it_says_once_why_there_is_no_map_and_once_that_there_is(world, caplog, trouble):
    world.locator.said = trouble
    world.look(3)
    assert caplog.messages == [f"the cluster can't be used: {trouble}"]
    assert len(world.cluster.primaries.all) == 2
    world.locator.said = slots_of(NODES)
    world.look(2)
    assert caplog.messages[1:] == [f"Over: the cluster can't be used: {trouble}"]


def test_it_says_once_how_many_slots_nobody_serves(world, caplog):
    world.locator.said = SlotMap([SlotRange(0, 16382, NODES[0])])
    world.look(3)
    said = [text for text in caplog.messages if "slots of the cluster are" in text]
    assert said == ["1 of the 16384 slots of the cluster are served by nobody"]


def test_a_primary_that_stays_away_is_named_and_doubted_once(world, caplog):
    doubts = []
    pipeline = world.cluster.pipeline(0)
    pipeline.on_new_server.append(lambda: doubts.append(world.clock.now))
    pipeline.heard_at = world.clock.now
    pipeline.connected.clear()
    world.look()
    assert caplog.messages == []
    world.look()
    assert caplog.messages == ["10.0.0.1:7000 is away"]
    world.clock.now += 9.9
    world.look()
    assert doubts == []
    world.clock.now += 0.1
    world.look(2)
    assert doubts == [world.clock.now]
    pipeline.connected.set()
    world.look()
    assert caplog.messages[1:] == ["Over: 10.0.0.1:7000 is away"]
