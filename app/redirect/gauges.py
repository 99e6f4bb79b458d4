"""Gauges that look into a worker's parts when its metrics are published."""

from app.metrics.redirect import RedirectMetrics
from app.redirect.links.lookup import Lookup
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
