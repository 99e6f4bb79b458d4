"""Parts that bring clicks to a cluster, whichever of its primaries take them."""

from collections.abc import Callable
from typing import Any

import gevent

from app.config.settings import Settings
from app.config.shards import written_shards
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.cluster_backpressure import ClusterBackpressure
from app.redirect.clicks.shard_choice import choice_of
from app.redirect.clicks.shard_routes import ShardRoutes
from app.redirect.redis.cluster.monitor import ClusterMonitor
from app.redirect.redis.cluster.nodes import Nodes
from app.redirect.redis.cluster.primaries import Primaries
from app.redirect.redis.cluster.primary import (
    Primary,
    PrimaryPipeline,
    ReplicatedPrimaryPipeline,
)
from app.redirect.redis.replicated_pipeline import pipeline_maker
from app.redirect.spool.retransmit_buffer import OnShort, RetransmitBuffer, Segment
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.address import parse_url
from app.stores.redis.cluster import Node


class ClicksToCluster:
    """The pipelines to a cluster's primaries, and what looks after them.

    As :class:`~app.redirect.clicks.to_redis.ClicksToRedis` for one Redis.

    Attributes:
        primaries: of the cluster.
        pipeline: takes clicks.
        confirmed: keeps those that were confirmed last, by each primary.
        backpressure: tells whether there is room.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: RedirectMetrics,
        encoder: XaddEncoder,
        *,
        name: str,
        on_short: OnShort,
    ) -> None:
        """Make it all; nothing is sent before the start. Arguments are those of one Redis."""
        self._settings = settings
        self._metrics = metrics
        self._name = name
        self._on_short = on_short
        self._address = parse_url(settings.redis_url)
        self.primaries = Primaries(self._make_primary, metrics)
        self.confirmed = ConfirmedByPrimaries()
        self.pipeline = ShardRoutes(
            self.primaries,
            choice_of(settings, encoder),
            encoder,
            budget_seconds=settings.record_budget_ms / 1000,
        )
        self.backpressure = ClusterBackpressure(
            self.pipeline,
            metrics,
            group=settings.group,
            maxlen=written_shards(settings)[0].stream_maxlen,
            timeout_seconds=settings.redis_timeout_seconds,
        )
        self._nodes = Nodes(self._address, f"{name}-cluster")
        self._monitor = ClusterMonitor(
            self.primaries,
            self._nodes.locator,
            name=str(self._address),
            task_failures=metrics.chore_failures,
        )

    def resend_by(self, resend: Callable[[list[Segment]], None]) -> None:
        """Have clicks handed over that a primary may have lost, whenever it may have."""

        def attend(joined: Primary) -> None:
            joined.pipeline.on_new_server.append(lambda: resend(self.confirmed.take_of(joined)))

        def leave(left: Primary) -> None:
            resend(self.confirmed.take_of(left))
            del self.confirmed.buffers[left]

        self.primaries.on_joined.append(attend)
        self.primaries.on_left.append(leave)

    def start(self) -> None:
        """Ask for the map and connect to the primaries, waiting a moment for them."""
        self._monitor.start()
        self.backpressure.start()

    def close(self, patience_seconds: float) -> None:
        """End all connections, once what was sent is answered or the patience over."""
        self.backpressure.close()
        self._monitor.close()
        self.primaries.close(patience_seconds)
        self._nodes.close()

    def _make_primary(self, node: Node) -> Primary:
        return Primary(node, self._address, self._make_pipeline)

    def _make_pipeline(self, primary: Primary) -> PrimaryPipeline:
        settings, metrics = self._settings, self._metrics
        make = pipeline_maker(settings, metrics, PrimaryPipeline, ReplicatedPrimaryPipeline)
        idle: Any = gevent.get_hub().loop.idle()
        buffer = RetransmitBuffer(settings.resend_seconds, self._on_short, idle=idle)
        self.confirmed.buffers[primary] = buffer
        pipeline: PrimaryPipeline = make(
            primary.locate,
            follow=lambda reply, *call: self.primaries.follow(reply, primary, *call) is not None,
            name=self._name,
            timeout_seconds=settings.redis_timeout_seconds,
            task_failures=metrics.chore_failures,
            on_answered=buffer.add,
        )
        return pipeline


class ConfirmedByPrimaries:
    """Buffers of what each primary confirmed last: as much is sent again as that one may lose."""

    def __init__(self) -> None:
        self.buffers: dict[Primary, RetransmitBuffer] = {}

    def take(self, _heard_at: float) -> list[Segment]:
        """Return what any primary may have lost, and keep nothing."""
        return [segment for primary in self.buffers for segment in self.take_of(primary)]

    def take_of(self, primary: Primary) -> list[Segment]:
        """Return what one may have lost, and keep nothing of it."""
        return self.buffers[primary].take(primary.pipeline.heard_at)
