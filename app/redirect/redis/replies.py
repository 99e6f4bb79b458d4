"""Callbacks that commands are submitted with, and what they get: a reply, or why there is none."""

import logging
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

logger = logging.getLogger(__name__)

#: Given the reply, a :class:`hiredis.ReplyError` included, or :class:`PipelineBroken`.
OnReply = Callable[[object], None]

#: Callers told of a broken connection in one tick of the event loop.
_FAILED_AT_ONCE = 250


class PipelineError(Exception):
    """A command got no reply; the text says why."""


class PipelineBroken(PipelineError):
    """There is no connection, or it ended before the reply: the command's outcome is unknown."""


class PipelineFull(PipelineError):
    """Too many commands wait for their replies; this one was not sent."""


class ReplyLate(PipelineError):
    """The reply did not come within the caller's deadline; the command's outcome is unknown."""


def call_back(on_reply: OnReply, reply: object) -> None:
    """Hand a reply to who waits for it."""
    try:
        on_reply(reply)
    except Exception:
        # One caller's fault must not cost the others their replies.
        logger.exception("A reply's callback failed")


class Orphans:
    """Callers whose replies will not come, told so a part at a time.

    So the turn of everybody else comes soon.

    Args:
        loop: the hub's event loop.
    """

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._waiting: deque[tuple[OnReply, PipelineBroken]] = deque()
        self._timer: Any = None

    def __len__(self) -> int:
        """Return how many have yet to be told."""
        return len(self._waiting)

    def fail(self, callers: Collection[OnReply], reason: str) -> None:
        """Have callers told, from the hub: whoever broke the connection may be a greenlet."""
        if callers and not self._waiting:
            self._loop.run_callback(self._fail_some)
        error = PipelineBroken(reason)
        self._waiting.extend((on_reply, error) for on_reply in callers)

    def _fail_some(self) -> None:
        for _ in range(min(len(self._waiting), _FAILED_AT_ONCE)):
            call_back(*self._waiting.popleft())
        if self._waiting:
            # No callback: gevent runs one that a callback adds within the same tick.
            self._timer = self._loop.timer(0)
            self._timer.start(self._fail_some)
