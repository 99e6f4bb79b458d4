"""A stream that a redirect worker watches for its backlog."""

from prometheus_client import CollectorRegistry
from redis import Redis

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.backpressure import Backpressure
from app.redirect.clicks.shard_choice import ShardChoice
from app.stores.redis.address import parse_url
from tests.support.redirect.pipelines import make_pipeline

STREAM = "clicks:stream"


GROUP = "analytics-group"


MAXLEN = 1_000


class Watched:
    """A stream, its group, and a worker that watches both."""

    def __init__(self, url: str, **timeouts: float) -> None:
        self.redis = Redis.from_url(url, protocol=2)
        self.registry = CollectorRegistry()
        self.pipeline = make_pipeline(lambda: parse_url(url))
        self.pipeline.start()
        assert self.pipeline.connected.wait(60)
        self.backpressure = Backpressure(
            self.pipeline,
            RedirectMetrics(self.registry),
            shards=ShardChoice([STREAM], lambda _: None),
            group=GROUP,
            maxlen=MAXLEN,
            timeout_seconds=30,
            **timeouts,
        )

    def close(self) -> None:
        self.backpressure.close()
        self.pipeline.close(0)
        self.redis.close()

    def create_group(self) -> None:
        self.redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)

    def add(self, count: int, **bound: int) -> None:
        pipeline = self.redis.pipeline(transaction=False)
        for _ in range(count):
            pipeline.xadd(STREAM, {"n": "x" * 100}, **bound)
        pipeline.execute()

    def read(self, count: int) -> list[bytes]:
        reply = self.redis.xreadgroup(GROUP, "me", {STREAM: ">"}, count=count)
        return [entry_id for _, entries in reply for entry_id, _ in entries]

    def ack(self, entry_ids: list[bytes]) -> None:
        self.redis.xack(STREAM, GROUP, *entry_ids)

    def look(self) -> float:
        self.backpressure._look()
        return self.registry.get_sample_value("hopline_backlog")
