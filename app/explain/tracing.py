"""Search for one click in all stores of an installation, and words for finding nothing."""

from contextlib import closing

from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.shards import open_all_dead_letters
from app.explain.asked import Asked, time_of
from app.explain.stored_rows import StoredRows
from app.explain.traces import Tracer, Traces
from app.stores.clickhouse.shards import ClickHouseConnection, ReadingConnection
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.times import rfc3339

_DAY_MS = 86_400_000


def trace(settings: Settings, asked: Asked, *, reads_only: bool = False) -> Traces:
    """Return what is left of a click.

    Args:
        reads_only: whether ClickHouse's user may do nothing else, as the console's.

    Raises:
        SpoolUnreadable: this host's spool can't be looked at.
        RedisUnavailable, RedisRefused: Redis doesn't do its part; of ClickHouse the traces tell.
    """
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    kind = ReadingConnection if reads_only else ClickHouseConnection
    stored = StoredRows(kind(settings.clickhouse_server, settings.clickhouse_timeout_seconds))
    with connect(url, timeout_seconds=timeout_seconds) as client, closing(stored):
        tracer = Tracer(
            caller(client, url, timeout_seconds),
            [(shard.stream, shard.group) for shard in shards_of(settings)],
            open_all_dead_letters(settings),
            settings.spool_directory,
            stored,
        )
        return tracer.find(asked)


def not_found(text: str, asked: Asked, traces: Traces, ttl_days: int, now_ms: int) -> str:
    """Return why nothing is known of a click, as far as that can be told."""
    if asked.entry_id:
        return f"there is neither an entry nor a dead letter {text}: its click's own id may find it"
    searched = "" if traces.is_search_whole else ", and more were not looked at"
    where = (
        f"nothing is left of click {text}: no row, no dead letter, nothing in this host's spool,"
        f" and it is not among {traces.looked_at:,} entries of the stream{searched}"
    )
    time_ms = time_of(asked.click_id)
    if time_ms is None:
        return where
    if ttl_days and time_ms < now_ms - ttl_days * _DAY_MS:
        return f"{where}; it is of {rfc3339(time_ms)}, and clicks are kept for {ttl_days} days"
    return f"{where}; it would be of {rfc3339(time_ms)}, and may have been erased"
