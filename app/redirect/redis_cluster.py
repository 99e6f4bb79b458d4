"""Parts of a redirect worker that ask a cluster: links and clicks, at the primaries of their slots.

Each primary has a pipeline, a connection that hears of its links' changes, and a memory of what was
last confirmed there; all of that goes with it when a replica takes over.
"""

from app.config.settings import Settings
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.recorder import Recorder
from app.redirect.clicks.to_cluster import ClicksToCluster
from app.redirect.gauges import watch_cluster
from app.redirect.links.click_limits import ClickLimits
from app.redirect.links.cluster_limits import ClusterClickLimits
from app.redirect.links.cluster_lookup import ClusterLookup
from app.redirect.links.lost_changes import LostChangeDetector
from app.redirect.links.tracking import Tracking
from app.redirect.redis.cluster.primary import Primary
from app.redirect.spool.retransmit_buffer import OnShort
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.redirect.well_known import RedisState, redis_fault


class RedisCluster:
    """What asks a cluster; as :class:`~app.redirect.one_redis.OneRedis`.

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
        """Make it all; nothing is sent before the start. Arguments are those of one Redis."""
        self._settings = settings
        self._metrics = metrics
        self.clicks = ClicksToCluster(
            settings, metrics, encoder, name="hopline-redirect", on_short=on_short
        )
        self.primaries = self.clicks.primaries
        self.lookup = ClusterLookup(self.primaries, settings, metrics)
        self.click_limits = ClusterClickLimits(self.primaries, self._make_counter)
        self._listening: dict[Primary, _Listening] = {}
        watch_cluster(metrics, self.primaries, self.lookup)

    def resend_by(self, recorder: Recorder) -> None:
        """Have all who owe a new server something hear of it, at each primary."""
        # Uses before the clicks: from then on visitors may ask for them.
        self.primaries.on_joined.append(self._attend)
        self.clicks.resend_by(recorder.resend)
        self.primaries.on_left.append(lambda left: self._listening.pop(left).close())

    def start(self) -> None:
        """Ask for the map and connect to the primaries, waiting a moment for them."""
        self.clicks.start()

    def close(self) -> None:
        """End all connections, once what was sent is answered or its budget over."""
        for listening in self._listening.values():
            listening.close()
        self.clicks.close(self._settings.record_budget_ms / 1000)

    def state(self, slow_after_seconds: float) -> RedisState:
        """Tell how the cluster is: of use as long as any shard takes clicks.

        Blocks the calling greenlet for as long as a primary takes to answer.
        """
        away = [str(primary) for primary in self.primaries.all if primary.is_away]
        routes, fault = self.clicks.pipeline, "away"
        for route in routes.routes:
            primary = routes.taker(route)
            if primary is not None:
                fault = redis_fault(primary.pipeline, route.stream, slow_after_seconds)
            if not fault:
                break
        return RedisState(fault, f"away: {', '.join(away)}" if away else "")

    def _make_counter(self, primary: Primary) -> ClickLimits:
        return ClickLimits(
            primary.pipeline,
            self._settings.lookup_timeout_seconds,
            resend_seconds=self._settings.resend_seconds,
        )

    def _attend(self, primary: Primary) -> None:
        listening = _Listening(primary, self.lookup, self._settings, self._metrics)
        self._listening[primary] = listening
        primary.pipeline.on_new_server += (
            listening.lost_changes.doubt,
            self.click_limits.counter(primary).tell_again,
        )
        listening.start()


class _Listening:
    """What hears of changes at one primary, for as long as that serves slots."""

    def __init__(
        self, primary: Primary, lookup: ClusterLookup, settings: Settings, metrics: RedirectMetrics
    ) -> None:
        self.lost_changes = LostChangeDetector(
            lookup.watched(primary), primary.pipeline, metrics, seconds=settings.resend_seconds
        )
        self._tracking = Tracking(
            primary.pipeline,
            self.lost_changes,
            name="hopline-redirect-tracking",
            timeout_seconds=settings.redis_timeout_seconds / 2,
            task_failures=metrics.chore_failures,
        )

    def start(self) -> None:
        self._tracking.start()
        self.lost_changes.start()

    def close(self) -> None:
        self._tracking.close()
        self.lost_changes.close()
