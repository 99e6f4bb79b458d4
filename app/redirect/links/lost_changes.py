"""Detector that remembers which links changed last, and names those that Redis lost with its tail.

Redis confirms a change of a link up to a second before it is on disk or on a replica. Whoever made
it has gone by the time that another server answers without it. The redirect hears of every change
and may write none, so it reads each once, compares when another server answers, and says by name
what has to be done again.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import gevent
import hiredis
from gevent.event import Event

from app.links.link import CorruptLink, decode
from app.metrics.redirect import RedirectMetrics
from app.redirect.links.tracking import Listener
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replies import PipelineError
from app.redirect.redis.resp import encode_command
from app.redirect.tasks.background_task import BackgroundTask
from app.stores.keys import link_key

logger = logging.getLogger(__name__)

#: Links that are remembered; an import changes more, and can be run again.
_LIMIT = 1_000
_TIMEOUT_SECONDS = 2.0
_PAUSE_SECONDS = 0.5


@dataclass(slots=True)
class _Change:
    """A change that was heard.

    Attributes:
        heard_at: monotonic seconds.
        raw: what Redis then held, None for nothing.
        is_read: whether that is known.
    """

    heard_at: float
    raw: bytes | None = None
    is_read: bool = False


class LostChangeDetector:
    """Listens in another listener's place, tells it everything, and remembers changes.

    Args:
        seconds: how old a change may be, when the server was last heard, to be in doubt.
        clock: the pipeline's.
    """

    def __init__(
        self,
        listener: Listener,
        pipeline: Pipeline,
        metrics: RedirectMetrics,
        *,
        seconds: float,
        limit: int = _LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._pipeline = pipeline
        self._lost = metrics.link_changes_lost
        self._seconds = seconds
        self._limit = limit
        self._clock = clock
        self._changes: OrderedDict[str, _Change] = OrderedDict()
        self._left_out_at = -1.0
        self._in_doubt: dict[str, _Change] = {}
        self._has_doubts = Event()
        self.watch_began = listener.watch_began
        self.watch_ended = listener.watch_ended
        self.all_changed = listener.all_changed
        self._task = BackgroundTask("witness", self._look_after, metrics.chore_failures)

    def start(self) -> None:
        """Begin to compare whatever comes to be in doubt; returns at once."""
        self._task.start()

    def close(self) -> None:
        """End that."""
        self._task.close()

    def changed(self, code: str) -> None:
        """Hand on that a link changed, and read it for later."""
        self._listener.changed(code)
        now = self._clock()
        self._forget_old(now)
        self._changes.pop(code, None)
        if len(self._changes) >= self._limit:
            self._left_out_at = now
            return
        self._changes[code] = change = _Change(now)

        def note(reply: object) -> None:
            if reply is None or isinstance(reply, bytes):
                change.raw, change.is_read = reply, True
            elif str(reply).startswith("MOVED ") and self._changes.get(code) is change:
                # Told by a node that follows another by now, which therefore has the change.
                del self._changes[code]

        try:
            self._pipeline.submit(encode_command(b"GET", link_key(code).encode()), note)
        except PipelineError:
            # It stays unread: a change that may be lost.
            return

    def doubt(self) -> None:
        """Take the last changes for lost until they are found: another server answers now."""
        heard_at = self._pipeline.heard_at
        self._forget_old(heard_at)
        if self._left_out_at >= heard_at - self._seconds:
            logger.error(
                "More links changed than are remembered just before Redis was restarted or failed"
                " over: import them again, if an import was running"
            )
        # One that is in doubt already was changed before: what came later counts.
        self._in_doubt.update(self._changes)
        self._changes.clear()
        if self._in_doubt:
            self._has_doubts.set()

    def _forget_old(self, now: float) -> None:
        changes = self._changes
        while changes and next(iter(changes.values())).heard_at < now - self._seconds:
            changes.popitem(last=False)

    def _look_after(self) -> None:
        self._has_doubts.wait()
        while self._in_doubt:
            code, change = next(iter(self._in_doubt.items()))
            try:
                raw = self._pipeline.call(
                    encode_command(b"GET", link_key(code).encode()), _TIMEOUT_SECONDS
                )
            except (PipelineError, hiredis.ReplyError):
                # E.g. while it loads its data.
                gevent.sleep(_PAUSE_SECONDS)
                continue
            if self._in_doubt.get(code) is change:
                del self._in_doubt[code]
                self._judge(code, change, raw)
        self._has_doubts.clear()

    def _judge(self, code: str, change: _Change, raw: bytes | None) -> None:
        if change.is_read and not is_lost(code, change.raw, raw):
            return
        self._lost.inc()
        logger.error(
            "Redis %s the last change of link %r: look at it and make the change again",
            "lost" if change.is_read else "may have lost",
            code,
        )


def is_lost(code: str, before: bytes | None, now: bytes | None) -> bool:
    """Tell whether a link is not as it was, nor has been changed since.

    Args:
        before: the bytes under its key after the change.
        now: the bytes there when another server answers.
    """
    if now == before:
        return False
    try:
        return before is None or now is None or _updated_ms(code, now) <= _updated_ms(code, before)
    except CorruptLink:
        return True


def _updated_ms(code: str, raw: bytes) -> int:
    return decode(code, raw).updated_ms
