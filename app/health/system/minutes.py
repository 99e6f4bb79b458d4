"""Ledger of the last hour by the minute, as `hopline audit` has it."""

import time
from typing import TYPE_CHECKING, Any

from app.audit.audit import PATIENCE_SECONDS, Audit, Findings, LedgerNotBegun
from app.audit.factory import open_audit
from app.audit.spool import SpoolUnreadable, count_spooled
from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.shards import open_all_dead_letters
from app.health.redis.stream import StreamNames, read_backlog
from app.health.system.samples import Away
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated
from app.times import rfc3339

if TYPE_CHECKING:
    import redis

_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
#: Each click that is on its way is looked at one by one, and so is each finished entry: of more, a
#: console would be busy with nothing else.
_MOST_IN_FLIGHT, _MOST_FINISHED = 20_000, 10_000
STATES = ("inserted", "dead", "pending", "unread", "spooled", "missing", "uncounted")


def look_at_minutes(settings: Settings) -> dict[str, Any]:
    """Return the figures of the minutes of the last hour in which there was a click.

    Raises:
        Away: a store doesn't answer, or too much is on its way.
    """
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    since_ms = (time.time_ns() // 1_000_000 - _HOUR_MS) // _MINUTE_MS * _MINUTE_MS
    try:
        with connect(url, timeout_seconds=timeout_seconds) as client:
            if _in_flight(client, url, settings) > _MOST_IN_FLIGHT:
                raise Away("more clicks are on their way than are looked at here: `hopline audit`")
            call = caller(client, url, timeout_seconds)
            audit = open_audit(settings, call, PATIENCE_SECONDS)
            return as_plain(_run(audit, since_ms))
    except (RedisError, ClickHouseError, LedgerNotBegun, SpoolUnreadable) as error:
        raise Away(str(error)) from None


def _in_flight(client: "redis.Redis", url: str, settings: Settings) -> int:
    """Return how many clicks are on their way or dead, at most.

    Raises:
        SpoolUnreadable: this host's spool doesn't tell.
    """
    count = open_all_dead_letters(settings).count() + count_spooled(settings.spool_directory)
    for names in map(StreamNames.of, shards_of(settings)):
        if backlog := read_backlog(client, url, names):
            # Where Redis doesn't know, it may be all that there are.
            with translated(url):
                most = client.xlen(names.stream) if backlog.unread is None else backlog.unread
            count += most + backlog.pending
    return count


def _run(audit: Audit, since_ms: int) -> Findings:
    try:
        return audit.run(since_ms, most_finished=_MOST_FINISHED)
    finally:
        audit.close()


def as_plain(found: Findings) -> dict[str, Any]:
    """Return what an audit found as JSON holds it, the newest minute first."""
    return {
        "since": rfc3339(found.since_ms),
        "is_balanced": found.is_balanced,
        "minutes": [
            {
                "minute": rfc3339(minute * _MINUTE_MS),
                "accepted": figures.accepted,
                **{state: getattr(figures, state) for state in STATES},
            }
            for minute, figures in sorted(found.minutes.items(), reverse=True)
        ],
    }
