"""What is in the spool stays there until a replica has it, where that is wanted."""

import time
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.audit.spool_note import SpoolNote
from app.clicks.click import new_click_id
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.drain import Drain
from app.redirect.redis.replicated_pipeline import ReplicatedPipeline
from app.redirect.redis.resp import encode_command
from app.redirect.spool.file import SpoolFile
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.address import parse_url
from tests.support.redirect.fakes import FakeBackpressure
from tests.support.redirect.replication import ReplicatedRedis
from tests.support.redirect.waiting import wait_until

STREAM = "clicks:stream"


class World:
    """A spool with clicks in it, its drain, and a master with a replica."""

    def __init__(self, redis: ReplicatedRedis, directory) -> None:
        self.redis = redis
        self.file = SpoolFile(directory, 1 << 30)
        self.registry = CollectorRegistry()
        metrics = RedirectMetrics(self.registry)
        self.pipeline = ReplicatedPipeline(
            lambda: parse_url(redis.master.url),
            name="test",
            timeout_seconds=5.0,
            task_failures=metrics.chore_failures,
            wait_ms=200,
            metrics=metrics,
        )
        self.drain = Drain(
            SpoolFile(directory, 1 << 30),
            self.pipeline,
            XaddEncoder(STREAM, 1_000_000),
            FakeBackpressure(),
            metrics,
            SpoolNote(directory),
            clicks_per_second=100_000,
        )

    def spool(self, count: int) -> list[bytes]:
        past_ms = int((time.time() - 10) * 1000)
        ids = [new_click_id(past_ms, number.to_bytes(10, "big")) for number in range(count)]
        self.file.write(
            [
                (one, encode_command(b"XADD", b"s", b"*", b"click_id", one.hex().encode()))
                for one in ids
            ]
        )
        return ids

    def start(self) -> None:
        self.pipeline.start()
        self.drain.start()

    def waits_in_vain(self) -> float:
        return self.registry.get_sample_value("hopline_replica_waits_in_vain_total") or 0

    def close(self) -> None:
        self.drain.close()
        self.pipeline.close(0)
        self.file.close()


def ids_on(port: int) -> list[bytes]:
    with Redis(port=port) as client:
        return [bytes.fromhex(entry[b"click_id"].decode()) for _, entry in client.xrange(STREAM)]


@pytest.fixture
def world(valkey_server, tmp_path) -> Iterator[World]:
    with ReplicatedRedis(valkey_server(), valkey_server()) as redis:
        made = World(redis, tmp_path / "spool")
        yield made
        made.close()


def test_clicks_leave_the_spool_in_order_once_a_replica_has_them(world):
    world.redis.follow()
    ids = world.spool(1_200)
    world.start()
    wait_until(lambda: world.file.count() == 0)
    assert ids_on(world.redis.replica.port) == ids


def test_without_a_replica_they_stay_and_are_not_sent_over_and_over(world):
    ids = world.spool(120)
    world.start()
    wait_until(lambda: world.waits_in_vain() >= 8)
    assert world.file.count() == 120
    assert len(ids_on(world.redis.master.port)) <= 120
    world.redis.follow()
    wait_until(lambda: world.file.count() == 0)
    assert set(ids_on(world.redis.replica.port)) == set(ids)


def test_a_replica_that_stops_meanwhile_costs_none(world):
    world.redis.follow()
    world.redis.network.stall()
    ids = world.spool(120)
    world.start()
    wait_until(lambda: world.waits_in_vain() >= 2)
    assert world.file.count() == 120
    world.redis.network.flow()
    wait_until(lambda: world.file.count() == 0)
    assert set(ids_on(world.redis.replica.port)) == set(ids)


def test_a_master_that_dies_before_the_replica_has_them_leaves_them_in_the_spool(world):
    world.redis.follow()
    world.redis.network.stall()
    world.spool(40)
    world.start()
    wait_until(lambda: ids_on(world.redis.master.port))
    world.redis.master.kill()
    wait_until(lambda: not world.pipeline.connected.is_set())
    world.drain.close()
    assert world.file.count() == 40
