"""Backpressure over several shards, on a real server."""

from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.backpressure import Backpressure
from app.redirect.clicks.shard_choice import ShardChoice
from app.stores.redis.address import parse_url
from tests.support.redirect.pipelines import make_pipeline

STREAMS = ["clicks:stream:{u0}", "clicks:stream:{ly}"]
GROUP = "analytics-group"
MAXLEN = 100


class World:
    """A worker that watches two shards, and where its clicks go."""

    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(url)
        self.addressed: list[str] = []
        self.registry = CollectorRegistry()
        self.pipeline = make_pipeline(lambda: parse_url(url))
        self.pipeline.start()
        assert self.pipeline.connected.wait(60)
        self.backpressure = Backpressure(
            self.pipeline,
            RedirectMetrics(self.registry),
            shards=ShardChoice(STREAMS, self.addressed.append),
            group=GROUP,
            maxlen=MAXLEN,
            timeout_seconds=2,
        )

    def add(self, stream: str, count: int) -> None:
        for _ in range(count):
            self.redis.xadd(stream, {"n": "1"})

    def look(self) -> tuple[str, bool]:
        """Look; return where clicks go, and whether they are diverted instead."""
        self.backpressure._look()
        return self.addressed[-1], self.backpressure.is_full

    def close(self) -> None:
        self.pipeline.close(0)
        self.redis.close()


@pytest.fixture
def world(redis_url: str) -> Iterator[World]:
    made = World(redis_url)
    yield made
    made.close()


def fill(world: World) -> None:
    world.add(STREAMS[0], MAXLEN)


def make_another_type(world: World) -> None:
    world.redis.set(STREAMS[0], "no stream")


@pytest.mark.parametrize("spoil", [fill, make_another_type])
def test_a_shard_that_can_take_nothing_is_passed_over(
    world: World, spoil: Callable[[World], None]
) -> None:
    assert world.look() == (STREAMS[0], False)
    spoil(world)
    assert world.look() == (STREAMS[1], False)


def test_clicks_are_diverted_when_all_shards_are_full(world: World) -> None:
    fill(world)
    world.add(STREAMS[1], MAXLEN)
    assert world.look()[1]
    assert world.backpressure.reason == "backlog"
    assert world.registry.get_sample_value("hopline_backlog") == 2 * MAXLEN
    world.redis.delete(STREAMS[1])
    assert world.look() == (STREAMS[1], False)


def test_without_a_look_at_any_the_last_decision_stands(world: World) -> None:
    for stream in STREAMS:
        world.redis.set(stream, "no stream")
    assert world.look() == (STREAMS[0], False)
    assert world.registry.get_sample_value("hopline_backlog") == 0
