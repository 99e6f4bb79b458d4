"""Parts of a redirect worker that ask one Redis, or the master of one behind Sentinels."""

from app.config.settings import Settings
from app.config.shards import written_shards
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.recorder import Recorder
from app.redirect.clicks.to_redis import ClicksToRedis
from app.redirect.gauges import watch
from app.redirect.links.click_limits import ClickLimits
from app.redirect.links.lookup import Lookup
from app.redirect.links.lost_changes import LostChangeDetector
from app.redirect.links.tracking import Tracking
from app.redirect.spool.retransmit_buffer import OnShort
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.redirect.well_known import RedisState, redis_fault


class OneRedis:
    """What asks one Redis.

    Attributes:
        clicks: brings clicks there.
        lookup: finds links there.
        click_limits: counts the clicks of limited ones there.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: RedirectMetrics,
        encoder: XaddEncoder,
        on_short: OnShort,
    ) -> None:
        """Make it all; nothing is sent before the start.

        Args:
            encoder: of the clicks; is told which stream they go to.
            on_short: see :class:`~app.redirect.spool.retransmit_buffer.RetransmitBuffer`.
        """
        self._settings = settings
        self.clicks = ClicksToRedis(
            settings, metrics, encoder, name="hopline-redirect", on_short=on_short
        )
        self.pipeline = self.clicks.pipeline
        self.failover_monitor = self.clicks.failover_monitor
        self.lookup = Lookup(self.pipeline, settings, metrics)
        watch(metrics, self.pipeline, self.lookup, self.failover_monitor, self.clicks.locator)
        self._lost_changes = LostChangeDetector(
            self.lookup, self.pipeline, metrics, seconds=settings.resend_seconds
        )
        self._tracking = Tracking(
            self.pipeline,
            self._lost_changes,
            name="hopline-redirect-tracking",
            timeout_seconds=settings.redis_timeout_seconds / 2,
            task_failures=metrics.chore_failures,
        )
        self.click_limits = ClickLimits(
            self.pipeline,
            settings.lookup_timeout_seconds,
            resend_seconds=settings.resend_seconds,
        )

    def resend_by(self, recorder: Recorder) -> None:
        """Have all who owe a new server something hear of it."""
        # Uses before the clicks: from then on visitors may ask for them.
        self.pipeline.on_new_server += (self._lost_changes.doubt, self.click_limits.tell_again)
        self.clicks.resend_by(recorder.resend)

    def start(self) -> None:
        """Connect to Redis, waiting a moment for it."""
        self._tracking.start()
        self._lost_changes.start()
        self.clicks.start()

    def close(self) -> None:
        """End all connections, once what was sent is answered or its budget over."""
        self._tracking.close()
        self._lost_changes.close()
        self.clicks.close(self._settings.record_budget_ms / 1000)

    def state(self, slow_after_seconds: float) -> RedisState:
        """Tell how Redis is; blocks the calling greenlet for as long as it takes to answer.

        Args:
            slow_after_seconds: unanswered for this long, it counts as away.
        """
        stream = written_shards(self._settings)[0].stream
        return RedisState(redis_fault(self.pipeline, stream, slow_after_seconds))
