"""Backpressure that looks at each shard where it is in a cluster, and leaves out one without room.

As :mod:`app.redirect.clicks.backpressure` for one server, whose rules hold here for each primary.
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

import gevent
import hiredis

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.backpressure import UNSEEN, is_for_good, look_command, say
from app.redirect.clicks.shard_routes import ShardRoute, ShardRoutes
from app.redirect.clicks.watermarks import Level, Watermarks
from app.redirect.redis.cluster.primary import Primary
from app.redirect.redis.connection import Connection
from app.redirect.redis.replies import PipelineError
from app.redirect.tasks.background_task import BackgroundTask
from app.stores.redis.errors import may_have_lost
from app.stores.redis.memory import Memory
from app.stores.redis.server import RedisServer

logger = logging.getLogger(__name__)

_UNBOUNDED = Memory(0, 0)


class ClusterBackpressure:
    """One worker's view of all shards' backlogs, and of the memory where they are.

    Attributes:
        is_full: whether no shard has room, so that new clicks have to go to the spool.
        reason: what is too full, as :attr:`Backpressure.reason`.
    """

    def __init__(
        self,
        routes: ShardRoutes,
        metrics: RedirectMetrics,
        *,
        group: str,
        maxlen: int,
        timeout_seconds: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a watch that has not begun; nothing is sent to a shard before the first look at it.

        Args:
            routes: are told where there is room.
            maxlen: entries that each shard may hold.
            timeout_seconds: longest wait for one answer.
        """
        self.is_full = True
        self.reason = UNSEEN
        self._said = ""
        self._is_started = False
        self._routes = routes
        self._metrics = metrics
        self._maxlen = maxlen
        self._looks = [
            _ShardLook(
                routes,
                route,
                look_command(route.stream, group, maxlen),
                metrics,
                self._judge,
                maxlen=maxlen,
                timeout_seconds=timeout_seconds,
                clock=clock,
            )
            for route in routes.routes
        ]

    def start(self) -> None:
        """Look once at what is reached, and go on looking; blocks for the first look only."""
        gevent.joinall([gevent.spawn(look.look) for look in self._looks], raise_error=True)
        self._is_started = True
        self._judge()
        for look in self._looks:
            look.task.start()

    def close(self) -> None:
        """Look no more."""
        for look in self._looks:
            look.task.close()

    def _judge(self) -> None:
        """Decide anew, as one shard was just seen; at first once all were looked at."""
        seen = [look for look in self._looks if look.is_seen]
        if not self._is_started or not seen:
            return
        self._routes.look()
        self.is_full = not any(look.route.has_room for look in self._looks)
        by_entries = all(look.entries.diverts for look in seen)
        by_memory = all(look.memory.diverts for look in seen)
        self.reason = ("backlog" if by_entries else "memory") if self.is_full else ""
        backlog = sum(look.backlog for look in seen)
        self._metrics.backlog.set(backlog)
        self._metrics.backlog_full.set(by_entries)
        self._metrics.redis_memory_full.set(by_memory)
        if self.reason != self._said:
            self._said = self.reason
            fullest = max((look.seen_memory for look in seen), key=lambda seen: seen.used_bytes)
            say(self.reason, backlog, self._maxlen * len(self._looks), fullest)


class _ShardLook:
    """Looks at one shard, at the primary that serves it.

    Attributes:
        is_seen: whether it was, at least once.
    """

    def __init__(
        self,
        routes: ShardRoutes,
        route: ShardRoute,
        command: bytes,
        metrics: RedirectMetrics,
        on_seen: Callable[[], None],
        *,
        maxlen: int,
        timeout_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.route = route
        self.is_seen = False
        self.backlog = 0
        self.seen_memory = _UNBOUNDED
        self.entries = Level(Watermarks.of(maxlen))
        self.memory = Level(Watermarks.of_memory(0))
        self.task = BackgroundTask("backlog", self._watch, metrics.chore_failures)
        self._primaries = routes.primaries
        self._command = command
        self._on_seen = on_seen
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._throttled = ThrottledLog(logger)
        self._is_in_doubt = False

    def look(self) -> None:
        """Look once, unless the primary is away: then the last decision stands."""
        primary = self._primaries.of_slot[self.route.slot]
        if primary is None or primary.is_away:
            return
        connection = primary.pipeline.connection
        try:
            seen = primary.pipeline.call(self._command, self._timeout_seconds)
        except (PipelineError, hiredis.ReplyError) as error:
            self._note_failure(primary, error)
            return
        self._is_in_doubt = False
        self._note(seen)
        self._compare(primary, connection, RedisServer(*(text.decode() for text in seen[3:])))

    def _watch(self) -> None:
        gevent.sleep(min(self.entries.next_look_seconds(), self.memory.next_look_seconds()))
        self.look()

    def _note(self, seen: list[Any]) -> None:
        self.backlog, used_bytes, limit_bytes = seen[:3]
        self.seen_memory = Memory(used_bytes, limit_bytes)
        # The shard may have moved to a server of another size.
        self.memory.marks = Watermarks.of_memory(limit_bytes)
        now = self._clock()
        self.entries.note(self.backlog, now)
        self.memory.note(used_bytes, now)
        self._decide(has_room=not (self.entries.diverts or self.memory.diverts))

    def _decide(self, *, has_room: bool) -> None:
        self.is_seen = True
        self.route.has_room = has_room
        self._on_seen()

    def _note_failure(self, primary: Primary, error: Exception) -> None:
        stream = self.route.stream
        self._throttled.warning("look", "The backlog of %s can't be counted: %s", stream, error)
        if str(error).startswith("READONLY"):
            self._primaries.is_refresh_due.set()
        elif may_have_lost(str(error)) and not self._is_in_doubt:
            # While clicks are few, nobody else may notice before they are too old for that.
            self._is_in_doubt = True
            primary.pipeline.doubt_server()
        elif is_for_good(error):
            # A key that is no stream takes no click; who may only not look, may perhaps write.
            self._decide(has_room=not str(error).startswith("WRONGTYPE"))

    def _compare(
        self, primary: Primary, connection: Connection | None, server: RedisServer
    ) -> None:
        """Leave a server that is no longer what it was when this connection was made."""
        if connection is None or connection is not primary.pipeline.connection:
            return
        # While the shard is being moved, it may be another primary that has answered.
        open_ = [each.pipeline.connection for each in self._primaries.all]
        known = {each.server.id for each in open_ if each is not None}
        if not server.is_replica and server.id and server.id not in known:
            primary.pipeline.reconnect("the server was restarted or changed its role")
