"""Table of the routes of clicks, below /api/v1/clicks."""

import time
from contextlib import closing
from functools import partial

from app.audit.settled import settled_ms
from app.config.settings import Settings
from app.config.shards import shards_of
from app.console.api.clicks import exports, listing, single
from app.console.api.links.bulk.turns import Turns
from app.console.api.openapi import Route
from app.console.api.report_limiter import ReportLimiter
from app.explain.tracing import trace
from app.links.store import LinkStore
from app.stores.clickhouse.shards import ReadingConnection
from app.stores.redis.calls import caller
from app.stores.redis.client import connect

#: How far a replica may be behind another, of which the console's user can't know.
_REPLICAS_MS = 30_000


def click_routes(settings: Settings, links: LinkStore, limiter: ReportLimiter) -> list[Route]:
    """Return the routes of clicks.

    Args:
        limiter: of questions to ClickHouse.
    """
    url, timeout_seconds = settings.clickhouse_server, settings.clickhouse_timeout_seconds
    most = {"max_execution_time": max(1, int(timeout_seconds))}

    def connection() -> ReadingConnection:
        return ReadingConnection(url, timeout_seconds, most)

    def settled() -> int:
        return _settled_ms(settings)

    listed = listing.Clicks(links, connection, limiter, settled)
    file = exports.ClickFile(links, connection, url, Turns())
    explained = explained_click(settings, links, limiter)
    return [
        Route(listing.PATH, listed, listing.CLICKS),
        Route(exports.PATH, file, exports.EXPORT),
        Route(single.PATH, explained, single.EXPLAIN),
    ]


def explained_click(
    settings: Settings, links: LinkStore, limiter: ReportLimiter
) -> single.ExplainedClick:
    """Return what explains single clicks, to programs and on the page."""
    return single.ExplainedClick(settings, links, limiter, partial(trace, reads_only=True))


def _settled_ms(settings: Settings) -> int:
    redis_url, seconds = settings.redis_url, settings.redis_timeout_seconds
    behind_ms = _REPLICAS_MS if settings.clickhouse_cluster else 0
    streams = [(shard.stream, shard.group) for shard in shards_of(settings)]
    with closing(connect(redis_url, timeout_seconds=seconds)) as client:
        call, now_ms = caller(client, redis_url, seconds), time.time_ns() // 1_000_000
        return settled_ms(call, streams, now_ms) - behind_ms
