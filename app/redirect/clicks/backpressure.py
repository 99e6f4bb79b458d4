"""Backpressure that diverts clicks before the stream's bound or Redis' memory is reached.

At the stream's, clicks that nobody has processed would be eaten. At that of the memory, Redis would
refuse the changes of links and the uses of limited ones as well.
"""

import logging
import time
from collections.abc import Callable, Sequence

import gevent
import hiredis

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.shard_choice import ShardChoice
from app.redirect.clicks.watermarks import Level, Watermarks
from app.redirect.redis.connection import Connection
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replies import PipelineError
from app.redirect.redis.resp import encode_command
from app.redirect.tasks.background_task import BackgroundTask
from app.stores.keys import backlog_marks_key
from app.stores.redis.errors import is_transient, may_have_lost
from app.stores.redis.memory import Memory
from app.stores.redis.server import RedisServer
from app.stores.scripts import script

logger = logging.getLogger(__name__)

#: Marks over the whole stream; the backlog is counted too large by one distance at most.
_MARKS = 256
#: A server that stays a replica still serves lookups: it is not left more often than this.
_LEAVE_SECONDS = 5.0
#: A server that is away for longer may have lost its last second, and whoever could send that again
#: may not live until it is back. A restart or a moment's freeze is shorter, and makes no copies.
_ABSENCE_SECONDS = 10.0
_UNBOUNDED = Memory(0, 0)
#: Before anybody has looked.
UNSEEN = "redis_away"
_MIB = 1 << 20


class Backpressure:
    """One worker's view of backlog and memory, looked at once a second, more often when they grow.

    All workers see the same numbers and so decide alike. Where clicks are spread over shards, those
    that are full are passed over, and clicks are diverted when all are. While Redis is away, or
    does not let us look, the last decision stands. Until the first look nothing is sent: more may
    be unprocessed than the bound allows by now, if somebody has lowered it, and would be trimmed.

    A look also finds out whether the server was made a replica, promoted or restarted under an open
    connection. Then a new one is made, to where the server is now; if it is another, or one that
    was promoted, it is sent the last clicks again. One that stays away is doubted, too.

    Attributes:
        is_full: whether new clicks have to go to the spool and stay there.
        reason: what is too full, for counting: ``backlog``, ``memory`` or nothing; ``redis_away``
            before the first look.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        metrics: RedirectMetrics,
        *,
        shards: ShardChoice,
        group: str,
        maxlen: int,
        timeout_seconds: float,
        absence_seconds: float = _ABSENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a watch that has not begun.

        Args:
            shards: is told which streams have room.
            maxlen: entries that each of them may hold.
            timeout_seconds: longest wait for one answer.
            absence_seconds: how long a server may be away before it is doubted.
        """
        self.is_full = True
        self.reason = UNSEEN
        self._said = ""
        self._pipeline = pipeline
        self._metrics = metrics
        self._maxlen = maxlen
        self._timeout_seconds = timeout_seconds
        self._absence_seconds = absence_seconds
        self._clock = clock
        self._shards = shards
        self._entries = [Level(Watermarks.of(maxlen)) for _ in shards.streams]
        self._limit_bytes = 0
        self._memory = Level(Watermarks.of_memory(0))
        self._commands = [look_command(stream, group, maxlen) for stream in shards.streams]
        self._throttled = ThrottledLog(logger)
        self._leave_at = 0.0
        self._is_in_doubt = False
        self._task = BackgroundTask("backlog", self._watch, metrics.chore_failures)

    def start(self) -> None:
        """Look once, unless Redis is away, and go on looking; blocks for the first look only."""
        if self._pipeline.connected.is_set():
            self._look()
        self._task.start()

    def close(self) -> None:
        """Look no more."""
        self._task.close()

    def note(self, backlogs: Sequence[int], memory: Memory = _UNBOUNDED) -> None:
        """Decide anew by each stream's backlog and the server's memory, as just seen."""
        now = self._clock()
        if memory.limit_bytes != self._limit_bytes:
            self._limit_bytes = memory.limit_bytes
            self._memory.marks = Watermarks.of_memory(memory.limit_bytes)
        for level, backlog in zip(self._entries, backlogs, strict=True):
            level.note(backlog, now)
        self._shards.look([not level.diverts for level in self._entries])
        self._memory.note(memory.used_bytes, now)
        self.reason = self._judge()
        self.is_full = bool(self.reason)
        self._metrics.backlog.set(sum(backlogs))
        self._metrics.backlog_full.set(self._is_backlog_full())
        self._metrics.redis_memory_full.set(self._memory.diverts)
        if self.reason != self._said:
            self._said = self.reason
            say(self.reason, sum(backlogs), self._maxlen * len(self._entries), memory)

    def _is_backlog_full(self) -> bool:
        return all(level.diverts for level in self._entries)

    def _judge(self) -> str:
        if self._is_backlog_full():
            return "backlog"
        return "memory" if self._memory.diverts else ""

    def _watch(self) -> None:
        levels = (*self._entries, self._memory)
        gevent.sleep(min(level.next_look_seconds() for level in levels))
        # At once after an outage, in which others may have added much.
        if not self._pipeline.connected.wait(self._absence_seconds):
            self._pipeline.doubt_server()
            self._pipeline.connected.wait()
        self._look()

    def _look(self) -> None:
        connection = self._pipeline.connection
        backlogs, seen, refused = list[int](), [], None
        for command in self._commands:
            try:
                backlog, *seen = self._pipeline.call(command, self._timeout_seconds)
            except (PipelineError, hiredis.ReplyError) as error:
                if not is_for_good(error):
                    self._note_failure(error)
                    return
                # Of several streams, one that can't be asked for is one without room.
                backlog, refused = self._maxlen, error
            backlogs.append(backlog)
        if refused is not None and not seen:
            self._note_failure(refused)
            return
        used_bytes, limit_bytes, *who = seen
        self._is_in_doubt = False
        self.note(backlogs, Memory(used_bytes, limit_bytes))
        self._compare(connection, RedisServer(*(text.decode() for text in who)))

    def _note_failure(self, error: Exception) -> None:
        self._throttled.warning("look", "The stream's backlog can't be counted: %s", error)
        if str(error).startswith("READONLY"):
            self._leave_replica()
        elif may_have_lost(str(error)) and not self._is_in_doubt:
            # While clicks are few, nobody else may notice before they are too old for that.
            self._is_in_doubt = True
            self._pipeline.doubt_server()
        elif self.reason == UNSEEN and is_for_good(error):
            self.is_full, self.reason = False, ""

    def _leave_replica(self) -> None:
        now = self._clock()
        if now >= self._leave_at:
            self._leave_at = now + _LEAVE_SECONDS
            self._pipeline.reconnect("the server is a replica now")

    def _compare(self, connection: Connection | None, server: RedisServer) -> None:
        """Leave a server that is no longer what it was when this connection was made."""
        if connection is None or connection is not self._pipeline.connection:
            return
        if server.is_replica:
            # One that lets itself be written to would lose what it is given.
            self._leave_replica()
        elif server.id and server.id != connection.server.id:
            self._pipeline.reconnect("the server was restarted or changed its role")


def say(reason: str, backlog: int, maxlen: int, memory: Memory) -> None:
    """Tell in one line why clicks are diverted from now on, or that they no longer are.

    Args:
        reason: as :attr:`Backpressure.reason`.
        backlog: entries of all streams that are unprocessed.
        maxlen: entries that these may hold.
    """
    if reason == "backlog":
        logger.warning(
            "%d of the %d clicks that the stream may hold are unprocessed: new clicks go to the"
            " spool until the workers have caught up",
            backlog,
            maxlen,
        )
    elif reason == "memory":
        logger.warning(
            "Redis uses %d of its %d MiB (maxmemory): new clicks go to the spool until the"
            " workers have trimmed the stream, or there is more memory",
            memory.used_bytes // _MIB,
            memory.limit_bytes // _MIB,
        )
    else:
        logger.warning("There is room again: clicks go to Redis")


def is_for_good(error: object) -> bool:
    """Tell whether Redis says no to what it was sent, and is not at fault itself for now."""
    return isinstance(error, hiredis.ReplyError) and not is_transient(str(error))


def look_command(stream: str, group: str, maxlen: int) -> bytes:
    """Return what asks for a stream's backlog, the server's memory, and who that server is."""
    text = script("app.redirect.clicks", "backpressure").encode()
    keys = (stream.encode(), backlog_marks_key(stream, group).encode())
    distance = max(maxlen // _MARKS, 1)
    return encode_command(b"EVAL", text, b"2", *keys, group.encode(), b"%d" % distance)
