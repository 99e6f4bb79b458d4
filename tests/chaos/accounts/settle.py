"""Wait that ends when every click that was taken is counted, or surely never going to be."""

import time
from typing import Any, NamedTuple

from clickhouse_driver import errors as clickhouse_errors
from redis import exceptions as redis_errors

from app.redirect.spool.file import SpoolError, SpoolFile
from tests.chaos.testbed.testbed import Testbed

#: For so long nothing may change after the last click is counted.
_STILL_SECONDS = 3.0
_AWAY = (redis_errors.RedisError, clickhouse_errors.Error, SpoolError, OSError, EOFError)


class Backlog(NamedTuple):
    """What is still on its way."""

    spooled: int
    unread: bool
    pending: int
    rows: int

    @property
    def is_empty(self) -> bool:
        return not (self.spooled or self.unread or self.pending)


def settle(testbed: Testbed, seconds: float) -> bool:
    """Keep everything up until the backlog is empty and stays so; tell whether it did in time."""
    seen: list[tuple[float, Backlog | None]] = []

    def is_still() -> bool:
        seen.append((time.monotonic(), read_backlog(testbed)))
        since = seen[-1][0] - _STILL_SECONDS
        last = [backlog for at, backlog in seen if at >= since]
        is_long = seen[0][0] < since
        return is_long and last[-1] is not None and last[-1].is_empty and len(set(last)) == 1

    return testbed.wait(is_still, seconds)


def read_backlog(testbed: Testbed) -> Backlog | None:
    """Return what is on its way; None while a part doesn't answer."""
    settings = testbed.settings
    spool = SpoolFile(settings.spool_dir or settings.data_dir / "spool", settings.spool_max_bytes)
    try:
        with testbed.redis() as client:
            stream: Any = client.xinfo_stream(settings.stream)
            groups: Any = client.xinfo_groups(settings.stream)
        if not groups:
            return None
        (group,) = groups
        unread = group["last-delivered-id"] != stream["last-generated-id"]
        [(rows,)] = testbed.ask_clickhouse("SELECT count() FROM clicks")
        return Backlog(spool.count(), unread, group["pending"], rows)
    except _AWAY:
        return None
    finally:
        spool.close()
