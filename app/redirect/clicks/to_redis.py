"""Parts that bring clicks to one Redis, or to the master of one behind Sentinels."""

from collections.abc import Callable
from typing import Any

import gevent

from app.config.settings import Settings
from app.config.shards import written_shards
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.backpressure import Backpressure
from app.redirect.clicks.shard_choice import choice_of
from app.redirect.redis.failover import FailoverMonitor
from app.redirect.redis.locator import Locator
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replicated_pipeline import pipeline_maker
from app.redirect.spool.retransmit_buffer import OnShort, RetransmitBuffer, Segment
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.address import parse_url
from app.stores.redis.server import look_seconds

#: Whoever starts while Redis is away is not held back for longer than this.
_FIRST_CONNECTION_SECONDS = 1.0


class ClicksToRedis:
    """The pipeline to one Redis, and what looks after it.

    Attributes:
        pipeline: takes clicks.
        confirmed: keeps those that were confirmed last.
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
        """Make it all; nothing is sent before the start.

        Args:
            encoder: of the clicks; is told which stream they go to.
            name: what CLIENT LIST shows.
            on_short: see :class:`~app.redirect.spool.retransmit_buffer.RetransmitBuffer`.
        """
        address = parse_url(settings.redis_url)
        timeout_seconds = settings.redis_timeout_seconds
        idle: Any = gevent.get_hub().loop.idle()
        self.locator = Locator(address)
        self.confirmed = RetransmitBuffer(settings.resend_seconds, on_short, idle=idle)
        self.pipeline: Pipeline = pipeline_maker(settings, metrics)(
            self.locator,
            name=name,
            timeout_seconds=timeout_seconds,
            task_failures=metrics.chore_failures,
            on_answered=self.confirmed.add,
        )
        self.failover_monitor = FailoverMonitor(
            self.pipeline,
            self.locator,
            name=f"{name}-following",
            look_seconds=look_seconds(address),
            timeout_seconds=timeout_seconds / 2,
            task_failures=metrics.chore_failures,
        )
        self.backpressure = Backpressure(
            self.pipeline,
            metrics,
            shards=choice_of(settings, encoder),
            group=settings.group,
            maxlen=written_shards(settings)[0].stream_maxlen,
            timeout_seconds=timeout_seconds,
        )

    def resend_by(self, resend: Callable[[list[Segment]], None]) -> None:
        """Have clicks handed over that Redis may have lost, whenever it may have."""
        self.pipeline.on_new_server.append(
            lambda: resend(self.confirmed.take(self.pipeline.heard_at))
        )

    def start(self) -> None:
        """Connect to Redis, waiting a moment for it."""
        self.pipeline.start()
        self.failover_monitor.start()
        self.pipeline.connected.wait(_FIRST_CONNECTION_SECONDS)
        self.backpressure.start()

    def close(self, patience_seconds: float) -> None:
        """End all connections, once what was sent is answered or the patience over."""
        self.backpressure.close()
        self.failover_monitor.close()
        self.pipeline.close(patience_seconds)
        self.locator.close()
