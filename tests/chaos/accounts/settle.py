"""Wait that ends when every click that was taken is counted, or surely never going to be."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from redis import Redis
from redis import exceptions as redis_errors

from app.config.settings import Settings
from app.config.shards import shards_of
from app.redirect.spool.file import SpoolError, SpoolFile
from app.stores.clickhouse.driver import errors as clickhouse_errors

#: For so long nothing may change after the last click is counted.
_STILL_SECONDS = 3.0
_AWAY = (redis_errors.RedisError, clickhouse_errors.Error, SpoolError, OSError, EOFError)


class Settling(Protocol):
    """What can be waited for: a testbed with its spools."""

    @property
    def settings(self) -> Settings: ...

    @property
    def spool_dirs(self) -> Sequence[Path]: ...

    def redis(self) -> Redis: ...

    def ask_clickhouse(self, query: str, columnar: bool = False) -> Any: ...

    def wait(self, condition: Callable[[], object], seconds: float) -> bool: ...


class Backlog(NamedTuple):
    """What is still on its way."""

    spooled: int
    unread: bool
    pending: int
    rows: int

    @property
    def is_empty(self) -> bool:
        return not (self.spooled or self.unread or self.pending)


def settle(testbed: Settling, seconds: float) -> bool:
    """Keep everything up until the backlog is empty and stays so; tell whether it did in time."""
    seen: list[tuple[float, Backlog | None]] = []

    def is_still() -> bool:
        seen.append((time.monotonic(), read_backlog(testbed)))
        since = seen[-1][0] - _STILL_SECONDS
        last = [backlog for at, backlog in seen if at >= since]
        is_long = seen[0][0] < since
        return is_long and last[-1] is not None and last[-1].is_empty and len(set(last)) == 1

    return testbed.wait(is_still, seconds)


def read_backlog(testbed: Settling) -> Backlog | None:
    """Return what is on its way; None while a part doesn't answer."""
    try:
        with testbed.redis() as client:
            streams = [backlog_of(client, shard.stream) for shard in shards_of(testbed.settings)]
        if None in streams:
            return None
        unread, pending = zip(*streams, strict=True)
        [(rows,)] = testbed.ask_clickhouse("SELECT count() FROM clicks")
        return Backlog(spooled(testbed), any(unread), sum(pending), rows)
    except _AWAY:
        return None


def backlog_of(client: Redis, stream: str) -> tuple[bool, int] | None:
    """Return whether a stream has unread entries, and how many are pending; None without a group.

    A stream that isn't there has neither.
    """
    if not client.exists(stream):
        return False, 0
    said: Any = client.xinfo_stream(stream)
    groups: Any = client.xinfo_groups(stream)
    if not groups:
        return None
    (group,) = groups
    return group["last-delivered-id"] != said["last-generated-id"], group["pending"]


def spooled(testbed: Settling) -> int:
    """Return how many clicks lie in all spools.

    Raises:
        SpoolError: one can't be read.
    """
    count = 0
    for directory in testbed.spool_dirs:
        spool = SpoolFile(directory, testbed.settings.spool_max_bytes)
        try:
            count += spool.count()
        finally:
            spool.close()
    return count
