"""Monitor that sees whether workers go on while only Redis' memory stands in their way."""

import time
from typing import Any

import psutil
from redis import Redis
from redis import exceptions as redis_errors

from app.config.shards import shards_of
from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.driver import errors as clickhouse_errors
from loadtest.common.processes import of_living
from tests.chaos.testbed.testbed import Testbed

#: Consumers that died are replaced, and their entries taken over, well before; also on a machine so
#: busy that it takes them eight seconds to boot.
_STUCK_SECONDS = 20.0
_PROBE_SECONDS = 0.5


class Progress:
    """Complains when entries wait in the stream and none of them is ever done.

    It asks over one connection as long as it can, as a worker does: a Redis that ends it at every
    turn, or that is no master, keeps workers from everything.
    """

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        self._client: Redis = testbed.redis()
        self._connection_id = 0
        self._least = 0
        self._since = time.monotonic()
        self._has_complained = False

    def look(self) -> int:
        """Return how many entries wait; a part that is away excuses the workers.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        try:
            waiting = waiting_entries(self._testbed, self._client)
            is_usable = self._is_usable()
        except redis_errors.RedisError:
            self._since = time.monotonic()
            raise
        now = time.monotonic()
        if not waiting or waiting < self._least or not is_usable or not self._can_work():
            self._since = now
        self._least = waiting
        if now - self._since > _STUCK_SECONDS and not self._has_complained:
            self._has_complained = True
            self._testbed.complain(
                f"{waiting} entries waited for {_STUCK_SECONDS:.0f} s while Redis was full,"
                " and no worker did anything"
            )
        return waiting

    def _is_usable(self) -> bool:
        """Tell whether this is a master that has let the connection live since the last look."""
        before, self._connection_id = self._connection_id, self._client.client_id()
        role: Any = self._client.role()
        return before == self._connection_id and role[0] == b"master"

    def _can_work(self) -> bool:
        url = self._testbed.settings.clickhouse_url
        try:
            with connect(url, timeout_seconds=_PROBE_SECONDS) as client:
                client.execute("SELECT count() FROM clicks WHERE 0")
        except (clickhouse_errors.Error, OSError, EOFError):
            return False
        states = set(of_living(self._testbed.consumers(), psutil.Process.status))
        if states == {psutil.STATUS_STOPPED}:
            return False
        links = (self._testbed.workers_link, self._testbed.clickhouse_link)
        return self._testbed.workers.is_running and not any(link.is_stalled for link in links)


def waiting_entries(testbed: Testbed, client: Redis) -> int:
    """Return how many entries of all streams are not done; one at least where it can't be told."""
    waiting = 0
    for shard in shards_of(testbed.settings):
        stream: Any = client.xinfo_stream(shard.stream)
        groups: Any = client.xinfo_groups(shard.stream)
        for group in groups:
            is_read = group["last-delivered-id"] == stream["last-generated-id"]
            waiting += group["pending"] + (0 if is_read else group.get("lag") or 1)
    return waiting
