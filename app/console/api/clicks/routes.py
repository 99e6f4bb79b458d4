"""Table of the routes of clicks, below /api/v1/clicks."""

import time
from contextlib import closing

from app.audit.settled import settled_ms
from app.config.settings import Settings
from app.config.shards import shards_of
from app.console.api.clicks import exports, listing, single
from app.console.api.links.bulk.turns import Turns
from app.console.api.openapi import Route
from app.console.api.report_limiter import ReportLimiter
from app.explain.tracing import trace
from app.links.store import LinkStore
from app.stores.clickhouse.shards import ClickHouseConnection
from app.stores.redis.calls import caller
from app.stores.redis.client import connect


def click_routes(settings: Settings, links: LinkStore, limiter: ReportLimiter) -> list[Route]:
    """Return the routes of clicks.

    Args:
        limiter: of questions to ClickHouse.
    """
    url, timeout_seconds = settings.clickhouse_server, settings.clickhouse_timeout_seconds
    most = {"max_execution_time": max(1, int(timeout_seconds))}

    def connection() -> ClickHouseConnection:
        return ClickHouseConnection(url, timeout_seconds, most)

    def settled() -> int:
        return _settled_ms(settings)

    listed = listing.Clicks(links, connection, limiter, settled)
    file = exports.ClickFile(links, connection, url, Turns())
    explained = single.ExplainedClick(settings, links, limiter, trace)
    return [
        Route(listing.PATH, listed, listing.CLICKS),
        Route(exports.PATH, file, exports.EXPORT),
        Route(single.PATH, explained, single.EXPLAIN),
    ]


def _settled_ms(settings: Settings) -> int:
    redis_url, seconds = settings.redis_url, settings.redis_timeout_seconds
    streams = [(shard.stream, shard.group) for shard in shards_of(settings)]
    with closing(connect(redis_url, timeout_seconds=seconds)) as client:
        return settled_ms(caller(client, redis_url, seconds), streams, time.time_ns() // 1_000_000)
