"""Gauges that look into a worker's parts when its metrics are published."""

from app.metrics.redirect import RedirectMetrics
from app.redirect.links.lookup import KnownLinks, Lookup
from app.redirect.redis.cluster.primaries import Primaries
from app.redirect.redis.failover import FailoverMonitor
from app.redirect.redis.locator import Locator
from app.redirect.redis.pipeline import Pipeline


def watch(
    metrics: RedirectMetrics,
    pipeline: Pipeline,
    lookup: Lookup,
    failover_monitor: FailoverMonitor,
    locator: Locator,
) -> None:
    """Have the gauges of these parts follow them."""
    metrics.commands_waiting.set_function(lambda: len(pipeline))
    metrics.oldest_command_seconds.set_function(pipeline.oldest_age)
    metrics.redis_connected.set_function(pipeline.connected.is_set)
    metrics.links_cached.set_function(lambda: len(lookup))
    metrics.link_changes_heard.set_function(lambda: lookup.is_watching)
    metrics.sentinels.set(locator.sentinel_count)
    metrics.sentinels_agreeing.set_function(lambda: locator.agreeing_count)
    metrics.redis_astray.set_function(lambda: failover_monitor.is_astray)


def watch_cluster(metrics: RedirectMetrics, primaries: Primaries, lookup: KnownLinks) -> None:
    """Have the gauges of a cluster's primaries follow them."""

    def ages() -> list[float]:
        return [primary.pipeline.oldest_age() for primary in primaries.all]

    def connected_count() -> int:
        return sum(not primary.is_away for primary in primaries.all)

    metrics.commands_waiting.set_function(
        lambda: sum(len(primary.pipeline) for primary in primaries.all)
    )
    metrics.oldest_command_seconds.set_function(lambda: max(ages(), default=0.0))
    metrics.redis_connected.set_function(lambda: connected_count() > 0)
    metrics.links_cached.set_function(lambda: len(lookup))
    metrics.link_changes_heard.set_function(lambda: lookup.is_watching)
    metrics.redis_primaries.set_function(lambda: len(primaries.all))
    metrics.redis_primaries_connected.set_function(connected_count)
