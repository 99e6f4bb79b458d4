"""Broadcast that reads the streams of clicks once, for all who watch.

Rule 1: nothing is read while nobody watches, and never as a member of the group.
Rule 2: of each stream some entries are read a turn. Where there are more, the rest is passed over,
        and the next tick says so: what watching costs doesn't grow with the clicks.
Rule 3: who may not see clicks any more, since a key was revoked or has expired or somebody signed
        out, is hung up on within a second.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.config.settings import Settings
from app.config.shards import shards_of
from app.console.live.admission import Admission, Viewer
from app.console.live.channel import TURNS, Channel, Question, sample
from app.console.live.connections import Connection, Connections, Reason
from app.console.live.seconds import Added, Every, Second
from app.live.event import COMMENT, SeenClick, Tick, click_event, end_event, tick_event, write_id
from app.live.sight import Sight, Turn
from app.live.stream_tail import Places
from app.metrics.console import ConsoleMetrics
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

MOST_WATCHERS = 1_000
#: Clicks that who comes back after an interruption is told of.
_MOST_MISSED = 200
#: Turns that are remembered while somebody is joining: 10 s.
_TURNS_KEPT = 10 * TURNS
_TURN_SECONDS = 1 / TURNS
#: How long a process that ends waits for connections, and how often it looks.
_LAST_SECONDS, _LOOK_SECONDS = 1.0, 0.01
_CHECK_SECONDS, _TICK_SECONDS, _COMMENT_SECONDS = 0.4, 1.0, 15.0


@dataclass(frozen=True, slots=True)
class Joining:
    """Who is about to watch.

    Attributes:
        first: what the answer begins with.
        turn: up to which turn of the reader that goes.
    """

    question: Question
    viewer: Viewer
    first: bytes
    turn: int


class Broadcast:
    """Watches the streams for whoever asks, and tells them; any thread may ask.

    Args:
        new_sight: makes what looks at the streams, for one thread.
        admission: tells who may not see clicks any more.
        is_stopping: set when the process has been asked to end.
    """

    def __init__(
        self,
        settings: Settings,
        new_sight: Callable[[], Sight],
        admission: Admission,
        metrics: ConsoleMetrics,
        is_stopping: threading.Event,
    ) -> None:
        self._keep = settings.store_addresses
        self._streams = [shard.stream for shard in shards_of(settings)]
        self._new_sight = new_sight
        self._admission = admission
        self._metrics = metrics
        self._is_stopping = is_stopping
        self._connections = Connections()
        self._lock = threading.Lock()
        self._reserved = 0
        self._watchers: dict[Connection, tuple[Question, Viewer]] = {}
        self._channels: dict[Question, Channel] = {}
        self._turns: deque[tuple[int, list[SeenClick]]] = deque(maxlen=_TURNS_KEPT)
        self._turn = 0
        self._places: Places = {}
        self._thread: threading.Thread | None = None

    def reserve(self) -> bool:
        """Take a place among those who watch, to be given back or joined with."""
        with self._lock:
            if self._reserved + len(self._watchers) >= MOST_WATCHERS:
                return False
            self._reserved += 1
            return True

    def give_back(self) -> None:
        """Give back a place that nobody joined with."""
        with self._lock:
            self._reserved -= 1

    def begin(self, question: Question, viewer: Viewer, after: Places | None) -> Joining:
        """Return what an answer begins with: what was missed since an event, and a tick.

        Raises:
            RedisUnavailable, RedisRefused: the streams can't be read.
        """
        sight = self._new_sight()
        with sight:
            with self._lock:
                places, turn = dict(self._places), self._turn
                is_reading = self._thread is not None
            if not is_reading:
                places = sight.last_ids()
                with self._lock:
                    if self._thread is None:
                        self._start(places)
                    places, turn = dict(self._places), self._turn
            missed, is_whole = sight.between(after, places) if after else ([], True)
            if question.needs_tags:
                missed = sight.with_tags(missed)
        found = [each for each in missed if question.matches(each)]
        chosen = sample(found, _MOST_MISSED)
        event_id = write_id(places, self._streams)
        tick = Tick(
            time_ms=time.time_ns() // 1_000_000,
            event_id=event_id,
            added=None,
            read=None,
            matched=len(found),
            sent=len(chosen),
            is_sampled=not is_whole or len(chosen) < len(found),
            is_redis_away=False,
        )
        events = [click_event(each, self._keep) for each in chosen]
        return Joining(question, viewer, b"".join([*events, tick_event(tick)]), turn)

    def join(self, joining: Joining, connection: Connection) -> None:
        """Have a connection told of what follows, in the place that was reserved."""
        question = joining.question
        with self._lock:
            self._reserved -= 1
            since = [each for turn, seen in self._turns if turn > joining.turn for each in seen]
            channel = self._channels.setdefault(question, Channel(question))
            self._watchers[connection] = question, joining.viewer
            self._metrics.live_streams.set(len(self._watchers))
            self._connections.add(connection)
            missed = sample([each for each in since if question.matches(each)], _MOST_MISSED)
            channel.matched += len(missed)
            channel.sent += len(missed)
            self._send([connection], missed)
            if self._thread is None:
                # It ended for want of anybody who watches; what came meanwhile is read from here.
                self._start(self._places)

    def left(self, connection: Connection, reason: Reason) -> None:
        """Note that a connection has ended."""
        with self._lock:
            question, _ = self._watchers.pop(connection)
            if question not in {each for each, _ in self._watchers.values()}:
                del self._channels[question]
            self._metrics.live_streams.set(len(self._watchers))
            self._metrics.live_ended.labels(reason).inc()

    def close(self) -> None:
        """End all connections, and wait a moment until their last bytes are sent."""
        self._is_stopping.set()
        self.end_all("ended")
        ends_at = time.monotonic() + _LAST_SECONDS
        while self._watchers and time.monotonic() < ends_at:
            time.sleep(_LOOK_SECONDS)

    def end_all(self, reason: Reason) -> None:
        """End all connections; clients ask again by themselves."""
        with self._lock:
            self._connections.end(list(self._watchers), b"", reason)

    def _start(self, places: Places) -> None:
        self._places = dict(places)
        self._turns.clear()
        self._thread = threading.Thread(target=self._run, name="live-reader", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._new_sight() as sight:
                self._read(sight)
        except Exception:
            logger.exception("Live clicks can't be read any more")
            with self._lock:
                self._thread = None
            self.end_all("ended")

    def _read(self, sight: Sight) -> None:
        added, second = Added(sight), Second()
        added.since_last()
        check, tick, comment = map(Every, (_CHECK_SECONDS, _TICK_SECONDS, _COMMENT_SECONDS))
        while self._is_wanted():
            began = time.monotonic()
            try:
                turn = self._look(sight, was_away=second.is_redis_away)
                second.add(turn)
            except RedisError as error:
                if not second.is_redis_away:
                    logger.warning("Live clicks wait for Redis: %s", error)
                second.is_redis_away = True
            # A Redis that is silent is asked once a turn, so that who watches is told of it soon.
            is_away = second.is_redis_away
            if tick.is_due():
                count = None if is_away else added.since_last()
                self._tick(second.tick(count, self._event_id()))
            if check.is_due() and not is_away:
                self._check()
            if comment.is_due():
                self._to_all(COMMENT)
            self._is_stopping.wait(max(0.0, began + _TURN_SECONDS - time.monotonic()))

    def _is_wanted(self) -> bool:
        """Tell whether anybody watches, or is about to; and count the turn."""
        if self._is_stopping.is_set():
            self.end_all("ended")
        with self._lock:
            self._turn += 1
            if (self._watchers or self._reserved) and not self._is_stopping.is_set():
                return True
            self._thread = None
            return False

    def _look(self, sight: Sight, *, was_away: bool) -> Turn:
        places = sight.after_break(self._places) if was_away else self._places
        turn = sight.look(places)
        with self._lock:
            needs_tags = any(question.needs_tags for question in self._channels)
        # Who is about to join may need them, too, and finds them in the turns that are kept.
        if needs_tags or self._reserved:
            turn = turn._replace(seen=sight.with_tags(turn.seen))
        with self._lock:
            self._places = turn.places
            if self._reserved:
                self._turns.append((self._turn, turn.seen))
            else:
                self._turns.clear()
            for question, channel in self._channels.items():
                self._send(self._of(question), channel.take(turn.seen))
        return turn

    def _tick(self, tick: Tick) -> None:
        with self._lock:
            for question, channel in self._channels.items():
                watchers = self._of(question)
                told = channel.tick(tick)
                self._metrics.live_sampled.inc((told.matched - told.sent) * len(watchers))
                self._connections.send(watchers, tick_event(told))
        if tick.added is not None and tick.read is not None:
            self._metrics.live_passed_over.inc(max(0, tick.added - tick.read))

    def _check(self) -> None:
        """Hang up on who may not see clicks any more."""
        with self._lock:
            viewers = {viewer for _, viewer in self._watchers.values()}
        try:
            ended = self._admission.ended(viewers)
        except RedisError:
            # Nor can clicks be read: nothing is told until Redis says so of keys, too.
            return
        for reason in set(ended.values()):
            with self._lock:
                gone = [
                    connection
                    for connection, (_, viewer) in self._watchers.items()
                    if ended.get(viewer) == reason
                ]
                self._connections.end(gone, end_event(reason), "refused")

    def _to_all(self, data: bytes) -> None:
        with self._lock:
            self._connections.send(list(self._watchers), data)

    def _of(self, question: Question) -> list[Connection]:
        return [each for each, (asked, _) in self._watchers.items() if asked == question]

    def _send(self, connections: Sequence[Connection], seen: Sequence[SeenClick]) -> None:
        if seen:
            data = b"".join(click_event(each, self._keep) for each in seen)
            self._connections.send(connections, data)
            self._metrics.live_sent.inc(len(seen) * len(connections))

    def _event_id(self) -> str:
        return write_id(self._places, self._streams)
