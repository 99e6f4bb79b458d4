"""Pipeline whose clicks count as confirmed only once a replica has them, see :mod:`replica_wait`.

Rule: while a WAIT is unanswered nothing else leaves. The server would carry out nothing that comes
      behind it, so nobody loses by that, clicks gather to share the next WAIT, and no two of them
      ever add up: the oldest command is never older than one WAIT, within every budget, and a slow
      replica is not taken for a slow Redis.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from gevent.event import Event

from app.config.settings import Settings
from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replica_wait import NoReplica, ReplicaWait, wait_ms
from app.redirect.redis.replies import OnReply, PipelineBroken, PipelineError
from app.redirect.redis.resp import encode_command
from app.redirect.redis.write_buffer import InFlight, WriteBuffer
from app.redirect.tasks.backoff import backoff_seconds
from app.stores.redis.address import Address

_PING = encode_command(b"PING")
#: A server without anything to do looks ten times a second (hz) whether a client has waited long
#: enough. Whatever it receives makes it look at once, and an empty line has no answer.
_NUDGE = b"\r\n"
#: It ends a wait of so many milliseconds in the one after.
_NUDGE_AFTER_SECONDS = 0.0015
_NUDGE_AGAIN_SECONDS = 0.002


class ReplicatedPipeline(Pipeline):
    """Sends commands as its parent does, and has a replica confirm the clicks among them."""

    def __init__(
        self,
        locate: Callable[[], Address],
        *,
        wait_ms: int,
        metrics: RedirectMetrics,
        **options: Any,
    ) -> None:
        """Make an unconnected pipeline.

        Args:
            locate: as the parent's.
            wait_ms: how long a write may wait for a replica; at least 1.
            metrics: counts what replicas confirm.
            options: as the parent's.
        """
        super().__init__(locate, **options)
        self._replica_wait = ReplicaWait(wait_ms, metrics)
        self._replica_wait.on_missing = self._begin_probing
        self._waiting_buffer = WaitingWriteBuffer(
            self._loop, self._in_flight, self._break, self._replica_wait, self._expect
        )
        self._write_buffer = self._waiting_buffer
        self._unsent = self._write_buffer.commands
        self._probing: Any = None
        self._probes = 0

    def close(self, patience_seconds: float) -> None:
        """End the connection for good; as the parent does."""
        super().close(patience_seconds)
        self._end_probing()
        self._replica_wait.close()

    def submit_click(self, command: bytes, on_reply: OnReply) -> None:
        """Queue a click; ``on_reply`` is given the master's reply once a replica has the click.

        If none has it in time, it is given :class:`~app.redirect.redis.replica_wait.NoReplica`, and
        the reply when one has it later, if that becomes known.

        Raises:
            NoReplica: none would have it.
            PipelineError: as :meth:`submit`.
        """
        if self._replica_wait.is_missing:
            raise NoReplica("no replica confirms clicks")
        super().submit(command, self._replica_wait.add(on_reply))

    def make_room(self) -> None:
        """Let what was submitted be answered; blocks the calling greenlet."""
        super().make_room()
        self._waiting_buffer.may_leave.wait(self._timeout_seconds)

    def _expect(self, on_reply: OnReply) -> None:
        self._waiting.append(on_reply)

    def _begin_probing(self) -> None:
        self._probes = 0
        self._probe_soon()

    def _probe_soon(self) -> None:
        """Look for a replica after a pause that grows, since each WAIT holds up who asks for links.

        A replica that was late for a moment is found at once.
        """
        self._end_probing()
        self._probing = self._loop.timer(backoff_seconds(self._probes, random.random()))  # noqa: S311
        self._probing.start(self._probe)

    def _end_probing(self) -> None:
        if self._probing is not None:
            self._probing.close()
            self._probing = None

    def _probe(self) -> None:
        if not self._replica_wait.is_missing:
            return
        # Full or without a connection it is for the next to find out.
        with suppress(PipelineError):
            # Something has to leave that the WAIT ends.
            self.submit(_PING, _ignore)
            self._replica_wait.add_probe()
        self._probes += 1
        self._probe_soon()


class WaitingWriteBuffer(WriteBuffer):
    """Write buffer that ends each write with clicks by a WAIT, and holds the next until its reply.

    Attributes:
        may_leave: an Event that is set while no WAIT is unanswered.
    """

    def __init__(
        self,
        loop: Any,
        in_flight: InFlight,
        on_failure: Callable[[str], None],
        replica_wait: ReplicaWait,
        expect: Callable[[OnReply], None],
    ) -> None:
        """Make a buffer without a socket; as the parent.

        Args:
            replica_wait: tells which writes need a WAIT, and hears what became of it.
            expect: has a callback wait for the reply of what is the last command now.
        """
        super().__init__(loop, in_flight, on_failure)
        self.may_leave = Event()
        self.may_leave.set()
        self._replica_wait = replica_wait
        self._expect = expect
        self._nudging: Any = None

    def close(self) -> None:
        """Write no more, and drop what has not left."""
        super().close()
        self._replica_wait.reset()
        self._end_hold()

    def _flush(self) -> None:
        if not self.may_leave.is_set():
            return
        judge = self._replica_wait.end_write()
        if judge is not None:
            self.commands.append(self._replica_wait.command)
            self._expect(partial(self._on_wait, judge))
            self._begin_hold()
        super()._flush()

    def _on_wait(self, judge: OnReply, reply: object) -> None:
        # Of a connection that has ended it may come when another one's WAIT is unanswered.
        if not isinstance(reply, PipelineBroken):
            self._end_hold()
        judge(reply)
        if self.commands and not self.is_due:
            self.flush_soon()

    def _begin_hold(self) -> None:
        self.may_leave.clear()
        self._nudging = self._loop.timer(
            self._replica_wait.timeout_seconds + _NUDGE_AFTER_SECONDS, _NUDGE_AGAIN_SECONDS
        )
        self._nudging.start(self._nudge)

    def _end_hold(self) -> None:
        if self._nudging is not None:
            self._nudging.close()
            self._nudging = None
        self.may_leave.set()

    def _nudge(self) -> None:
        # What the socket has no room for yet does as well.
        if not self._pending:
            self._pending.append(_NUDGE)
            self._write()


def _ignore(_: object) -> None:
    """Drop a reply that nobody waits for."""


def pipeline_maker(
    settings: Settings,
    metrics: RedirectMetrics,
    plain: Callable[..., Any] = Pipeline,
    replicated: Callable[..., Any] = ReplicatedPipeline,
) -> Callable[..., Any]:
    """Return what makes a pipeline whose clicks are confirmed as the settings ask for."""
    if settings.confirm == "master":
        return plain
    budgets_seconds = settings.record_budget_ms / 1000, settings.lookup_budget_ms / 1000
    return partial(replicated, wait_ms=wait_ms(*budgets_seconds), metrics=metrics)
