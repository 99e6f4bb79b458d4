"""Table of the route of live clicks, and what it is made of."""

import threading

from app.config.settings import Settings
from app.config.shards import shards_of
from app.console.api.openapi import Route
from app.console.live.admission import Admission
from app.console.live.broadcast import Broadcast
from app.console.live.resource import LIVE, PATH, LiveClicks
from app.links.store import LinkStore
from app.live.click_judge import ClickJudge
from app.live.sight import Sight
from app.metrics.console import ConsoleMetrics


def open_broadcast(
    settings: Settings,
    links: LinkStore,
    admission: Admission,
    metrics: ConsoleMetrics,
    is_stopping: threading.Event,
) -> Broadcast:
    """Return the broadcast of an installation; it connects when somebody watches.

    Args:
        is_stopping: set when the process has been asked to end.
    """
    judge = ClickJudge(settings)
    return Broadcast(
        settings,
        lambda: Sight(settings, links, judge),
        admission,
        metrics,
        is_stopping,
    )


def live_routes(settings: Settings, links: LinkStore, broadcast: Broadcast) -> list[Route]:
    """Return the route of live clicks."""
    streams = [shard.stream for shard in shards_of(settings)]
    return [Route(PATH, LiveClicks(broadcast, links, streams), LIVE)]
