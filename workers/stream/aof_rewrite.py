"""Task that asks Redis to write its append-only file anew once a day."""

import logging
from collections.abc import Callable

from app.stores.redis.aof_rewrite import FIELDS, Noted, Server, next_step
from app.stores.redis.client import despite_full
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import RedisRefused
from workers.stream.admin import StreamAdmin
from workers.stream.names import Names

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
#: Until a server that doesn't let us is asked again.
REFUSED_SECONDS = 3600.0


class Rewriting:
    """Has Redis write its append-only file anew once a day.

    Why, says :mod:`app.stores.redis.aof_rewrite`.

    Args:
        now_ms: Unix milliseconds.
    """

    def __init__(
        self,
        connection: RedisConnection,
        admin: StreamAdmin,
        names: Names,
        clock: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._connection = connection
        self._admin = admin
        self._key = names.aof_rewrite
        self._clock = clock
        self._now_ms = now_ms
        self._look_at = clock()

    def look_if_due(self) -> None:
        """Once a minute, see whether a rewrite is due, or has ended.

        Raises:
            RedisUnavailable, RedisRefused: as the server says; that it may not be asked for a
                rewrite is logged, and is no reason not to work.
        """
        if self._clock() < self._look_at:
            return
        self._look_at = self._clock() + LOOK_SECONDS
        noted = Noted.of(self._connection.call("HMGET", self._key, *FIELDS))
        server = Server.of(self._admin.info("server", "persistence", "memory"))
        step = next_step(noted, server, self._now_ms())
        if step == "ask":
            self._ask(server)
        elif step == "done":
            logger.info("Redis' append-only file was written anew")
            self._note("done", noted.asked_ms)
        elif step == "short":
            logger.warning("Redis' machine lacks memory for writing the append-only file anew")
            self._look_at = self._clock() + REFUSED_SECONDS

    def _ask(self, server: Server) -> None:
        asked_ms = self._now_ms()
        try:
            self._connection.call("BGREWRITEAOF")
        except RedisRefused as error:
            logger.error("Redis' append-only file keeps what was deleted: %s", error)
            self._look_at = self._clock() + REFUSED_SECONDS
        else:
            self._note("asked", asked_ms, "run_id", server.run_id)

    def _note(self, *what: str | int) -> None:
        self._connection.call(*despite_full(self._key, "HSET", self._key, *what))
