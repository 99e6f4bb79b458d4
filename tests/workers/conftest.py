import time
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.config.settings import Settings
from app.metrics.workers import WorkerMetrics
from app.stores.clickhouse.connection import connect as connect_clickhouse
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM
from tests.support.workers.consuming import GROUP, SignalWhen
from workers.consumer.bootstrap import consumer_name, make_consumer
from workers.process.signals import Stop
from workers.stream.lease import Fence
from workers.stream.names import Names
from workers.stream.stream import Stream

#: Less than the circuit breaker rests, behind which further clicks die.
_DRAIN_SECONDS = 45.0


@pytest.fixture
def clicks_url(migrated_url: str) -> str:
    """URL of a database with the clicks table, empty."""
    return migrated_url


@pytest.fixture
def count_clicks(clicks_url: str) -> Callable[[], tuple[int, int]]:
    """A function that returns how many distinct clicks are stored, and in how many rows."""

    def count() -> tuple[int, int]:
        with connect_clickhouse(clicks_url, timeout_seconds=30) as client:
            return client.execute("SELECT uniqExact(click_id), count() FROM clicks")[0]

    return count


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics(CollectorRegistry())


@pytest.fixture
def redis(redis_url: str) -> Redis:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def open_stream(metrics: WorkerMetrics) -> Callable[..., Stream]:
    """A function that returns the stream of a server as a consumer sees it."""

    def open_one(url: str, consumer: str = "me", dead_maxlen: int = 1000) -> Stream:
        client = connect(url, timeout_seconds=30, block_ms=1000)
        names = Names(STREAM, GROUP, consumer, "clicks:dead", dead_maxlen)
        return Stream(
            RedisConnection(client, url, 30), RedisConnection(client, url, 30), names, metrics
        )

    return open_one


@pytest.fixture
def open_fence() -> Callable[..., Fence]:
    """A function that returns the fence of a consumer."""

    def open_one(url: str, consumer: str = "me", lease_seconds: float = 60.0, **clock) -> Fence:
        client = connect(url, timeout_seconds=30)
        names = Names(STREAM, GROUP, consumer, "clicks:dead", 1000)
        return Fence(RedisConnection(client, url, 30), names, lease_seconds, **clock)

    return open_one


@pytest.fixture
def settings(make_settings: Callable[..., Settings], redis_url: str, clicks_url: str) -> Settings:
    """Settings of a consumer that hurries."""
    return make_settings(
        redis_url=redis_url,
        clickhouse_url=clicks_url,
        insert_seconds=0.2,
        insert_rows=200,
        block_ms=500,
        claim_idle_seconds=20,
    )


@pytest.fixture
def consume(settings: Settings) -> Callable[..., None]:
    """Run a consumer until a condition holds; ``prepare`` may put faults into it first."""

    def consume(condition, prepare=lambda _: None, settings=settings, predecessor=""):
        stop = Stop(SignalWhen(condition), _DRAIN_SECONDS, time.monotonic)
        consumer = make_consumer(settings, consumer_name(), stop, predecessor)
        prepare(consumer)
        consumer.run()

    return consume
