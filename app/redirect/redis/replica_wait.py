"""Wait that tells clicks, a write at a time, whether a replica has them.

Rule 1: one WAIT ends each write that holds clicks, and its number decides for all of them. Replies
        come in order, so by then each of these clicks has its own.
Rule 2: a click that no replica had in time is told :class:`NoReplica`, and goes another way. When a
        later WAIT of the same connection finds a replica, it is told its own reply after all: who
        has what came later has what came before.
Rule 3: from then on no click is taken until a WAIT that is no click's has found a replica: the
        master would keep what has to be sent once more anyway, and each WAIT in vain holds up
        whoever asks over this connection.

Source: https://redis.io/docs/latest/commands/wait/
"""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial

from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.replies import OnReply, PipelineBroken, PipelineError, call_back
from app.redirect.redis.resp import encode_command

logger = logging.getLogger(__name__)

#: Share of a budget, so that the reply is there before it ends: the server ends a wait a
#: millisecond later, and only when asked to, see :class:`WaitingWriteBuffer`.
_SHARE = 0.6
#: Clicks that may yet be told that a replica has them; they are in the spool meanwhile.
_LATE_LIMIT = 2_000


class NoReplica(PipelineError):
    """No replica has the click, or had it in time; the master may."""


class ReplicaWait:
    """Decides for the clicks of each write, without I/O.

    Attributes:
        command: the WAIT.
        timeout_seconds: how long the server lets it wait.
        is_missing: whether the last WAIT found no replica, so that no click is taken.
        on_missing: called when that begins.
    """

    def __init__(self, timeout_ms: int, metrics: RedirectMetrics) -> None:
        """Take a replica for there until a WAIT tells otherwise.

        Args:
            timeout_ms: at least 1, since WAIT takes 0 for ever.
        """
        self.command = encode_command(b"WAIT", b"1", b"%d" % timeout_ms)
        self.timeout_seconds = timeout_ms / 1000
        self.is_missing = False
        self.on_missing: Callable[[], None] | None = None
        self._metrics = metrics
        self._throttled = ThrottledLog(logger)
        self._begin()

    def _begin(self) -> None:
        self._next = _Write()
        self._is_probe_due = False
        self._late: deque[tuple[OnReply, bytes]] = deque(maxlen=_LATE_LIMIT)

    def add(self, on_reply: OnReply) -> OnReply:
        """Add a click to the next write; return what its own reply has to be given to."""
        self._next.has_clicks = True
        return partial(self._take, self._next, on_reply)

    def add_probe(self) -> None:
        """Have the next write end with a WAIT though it may hold no clicks."""
        self._is_probe_due = True

    def end_write(self) -> OnReply | None:
        """End a write; return what the WAIT's reply has to be given to, or None if it has none."""
        write = self._next
        if not write.has_clicks and not self._is_probe_due:
            return None
        self._next = _Write()
        if self.is_missing and not self._is_probe_due:
            write.is_waited_for = False
            return None
        self._is_probe_due = False
        return partial(self._judge, write)

    def reset(self) -> None:
        """Forget what only this connection could tell, because it has ended."""
        self._begin()

    def close(self) -> None:
        """Count no replica as missing any more."""
        if self.is_missing:
            self._metrics.replica_missing.dec()

    def _take(self, write: "_Write", on_reply: OnReply, reply: object) -> None:
        if not isinstance(reply, bytes):
            on_reply(reply)
        elif write.is_waited_for:
            write.replied.append((on_reply, reply))
        else:
            self._refuse(on_reply, reply)

    def _judge(self, write: "_Write", reply: object) -> None:
        if isinstance(reply, PipelineBroken):
            for on_reply, _ in write.replied:
                call_back(on_reply, reply)
        elif isinstance(reply, int) and reply > 0:
            self._confirm(write)
        else:
            self._note_absence(reply)
            for on_reply, own_reply in write.replied:
                self._refuse(on_reply, own_reply)

    def _confirm(self, write: "_Write") -> None:
        if self.is_missing:
            self.is_missing = False
            self._metrics.replica_missing.dec()
            self._throttled.warning("back", "A replica has what Redis is given again")
        confirmed = write.replied
        if confirmed and self._late:
            # Not by a probe's: a master that had no replica before counts one that it still fills.
            confirmed = [*self._late, *confirmed]
            self._late.clear()
        self._metrics.clicks_replicated.inc(len(confirmed))
        for on_reply, own_reply in confirmed:
            call_back(on_reply, own_reply)

    def _note_absence(self, reply: object) -> None:
        self._metrics.replica_waits_in_vain.inc()
        if self.is_missing:
            return
        self.is_missing = True
        self._metrics.replica_missing.inc()
        in_time = f"within {self.timeout_seconds * 1000:.0f} ms"
        self._throttled.warning(
            "missing",
            "No replica has what Redis is given (%s): clicks go to the spool until one has"
            " (HOPLINE_CONFIRM=replica)",
            f"WAIT: {reply}" if isinstance(reply, Exception) else in_time,
        )
        if self.on_missing is not None:
            self.on_missing()

    def _refuse(self, on_reply: OnReply, own_reply: bytes) -> None:
        self._late.append((on_reply, own_reply))
        call_back(on_reply, NoReplica("no replica has it"))


class _Write:
    """The clicks of one write that Redis has taken.

    Attributes:
        has_clicks: whether any click is among the commands.
        is_waited_for: whether a WAIT ends it.
    """

    __slots__ = ("has_clicks", "is_waited_for", "replied")

    def __init__(self) -> None:
        self.has_clicks = False
        self.is_waited_for = True
        self.replied: list[tuple[OnReply, bytes]] = []


def wait_ms(*budgets_seconds: float) -> int:
    """Return for how many milliseconds a WAIT may last, so that nobody waits past a budget."""
    return max(int(min(budgets_seconds) * 1000 * _SHARE), 1)
