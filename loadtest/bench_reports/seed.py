"""Sums of all days that are over, and the ledger's beginning: what weeks would have left there."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date

import redis

from app.audit.beginnings import Beginnings
from app.audit.entry_counts import EntryLedger
from app.stores.clickhouse.shards import ClickHouseConnection
from app.stores.keys import ledger_key
from app.sums.computation import Computation
from app.sums.days import clean_days

STREAM, GROUP = "clicks:stream", "analytics-group"
#: Days whose sums are made at once: each keeps one processor of the server busy.
SUMS_AT_ONCE = 2


def make_sums(url: str, days: Sequence[date], timeout_seconds: float) -> None:
    """Have the sums of days made and published, unless the installation's workers were faster.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    with closing(ClickHouseConnection(url, timeout_seconds)) as connection:
        made = connection.ask(clean_days)
    with ThreadPoolExecutor(SUMS_AT_ONCE) as pool:
        missing = [day for day in days if day not in made]
        list(pool.map(lambda day: _make(url, day, timeout_seconds), missing))


def _make(url: str, day: date, timeout_seconds: float) -> None:
    with closing(Computation(url, timeout_seconds)) as computation:
        computation.compute(day)


def begin_ledger(
    clickhouse_url: str, redis_url: str, since_ms: int, timeout_seconds: float
) -> None:
    """Have the ledger's beginning be long ago; its workers have begun it, or will find it begun."""
    beginnings = Beginnings(clickhouse_url, timeout_seconds, STREAM, GROUP)
    beginnings.write(since_ms)
    with redis.Redis.from_url(redis_url) as client:
        EntryLedger(client.execute_command, STREAM, GROUP).check()
        client.hset(ledger_key(STREAM, GROUP), "since", since_ms)
