"""Table of the route of live clicks, and who may go on watching."""

import threading
import time
from collections.abc import Callable

from app.config.settings import Settings
from app.config.shards import shards_of
from app.console.api.openapi import Route
from app.console.live.broadcast import Broadcast
from app.console.live.resource import LIVE, PATH, LiveClicks
from app.keys.caller import ANYBODY, GO_BETWEEN, TOKEN_HOLDER, Caller
from app.keys.lookup import KeyLookup
from app.links.store import LinkStore
from app.live.click_judge import ClickJudge
from app.live.sight import Sight
from app.metrics.console import ConsoleMetrics


def open_broadcast(
    settings: Settings,
    links: LinkStore,
    keys: KeyLookup,
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
        admission(keys, time.time),
        metrics,
        is_stopping,
    )


def live_routes(settings: Settings, links: LinkStore, broadcast: Broadcast) -> list[Route]:
    """Return the route of live clicks."""
    streams = [shard.stream for shard in shards_of(settings)]
    return [Route(PATH, LiveClicks(broadcast, links, streams), LIVE)]


def admission(keys: KeyLookup, now: Callable[[], float]) -> Callable[[Caller], bool]:
    """Return what tells whether a caller that was let in may stay.

    Args:
        now: clock in Unix seconds.
    """

    def admits(caller: Caller) -> bool:
        if caller == TOKEN_HOLDER:
            return True
        if caller in (ANYBODY, GO_BETWEEN):
            return not keys.has_keys()
        key = keys.find(caller.id)
        return key is not None and key.state(now()) == "live"

    return admits
