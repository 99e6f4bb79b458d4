"""Write buffer that has commands leave together: those of one tick of the event loop in one write.

Rule 1: a command that finds none unanswered leaves at the end of its tick.
Rule 2: while a write is unanswered, what is added waits for its answer, for company or for a
        moment, whichever is first, as with Nagle's algorithm (RFC 896). Under load this halves the
        writes, and with them the system calls and switches between processes on both sides.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from gevent import socket, ssl

OnAnswered = Callable[[bytes, int], None]

WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

#: So many commands are worth a write of their own.
_COMPANY = 32
#: Longer than a Redis that is near takes; one that is far isn't waited for.
_MOMENT_SECONDS = 0.001


class _Write(NamedTuple):
    last: int
    written_at: float
    commands: bytes
    command_count: int


class InFlight:
    """Commands that were written and are not all answered: their age, and their bytes.

    How long the oldest has waited tells a slow server from a slow us; how many bytes have is what a
    server that doesn't answer costs us. Measured by whole writes, and as of the moment when the
    event loop last received: a tick that takes long ages every command, and the replies are there
    already; that is not held against the server.

    Attributes:
        answered: how many replies have come so far; to be counted up.
        oldest_seconds: for how long the oldest command has waited; 0 if none does.
        waiting_bytes: of the writes that are not all answered.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        on_answered: OnAnswered,
        limit_bytes: int,
        on_limit: Callable[[], None],
    ) -> None:
        """Begin with none.

        Args:
            clock: monotonic seconds.
            on_answered: given the bytes and the number of the commands of each write whose replies
                are there, at the end of the tick in which they came, in order.
            on_limit: called with each write at which so many bytes, or more, wait.
        """
        self.answered = 0
        self.oldest_seconds = 0.0
        self.waiting_bytes = 0
        self._clock = clock
        self._on_answered = on_answered
        self._limit_bytes = limit_bytes
        self._on_limit = on_limit
        self._written = 0
        self._writes: deque[_Write] = deque()
        self._polled_at = 0.0

    def note(self, commands: bytes, count: int) -> None:
        """Note that so many commands leave now, with their bytes."""
        self._written += count
        self._writes.append(_Write(self._written, self._clock(), commands, count))
        self.waiting_bytes += len(commands)
        if self.waiting_bytes >= self._limit_bytes:
            self._on_limit()

    def is_all_answered(self) -> bool:
        """Tell whether no command waits."""
        return self.answered >= self._written

    def note_poll(self) -> None:
        """Note that the loop has asked for what can be received, and is about to receive it."""
        self._polled_at = self._clock()

    def assess(self) -> None:
        """Measure anew, at the end of a tick."""
        writes = self._writes
        while writes and writes[0].last <= self.answered:
            self._finish_oldest()
        self.oldest_seconds = max(self._polled_at - writes[0].written_at, 0.0) if writes else 0.0

    def reset(self) -> None:
        """Forget all commands, because their connection ended.

        A write of which only a part was answered counts as answered: that part was.
        """
        while self._writes and self._writes[0].last - self._writes[0].command_count < self.answered:
            self._finish_oldest()
        self._writes.clear()
        self._written = self.answered
        self.waiting_bytes = 0
        self.oldest_seconds = 0.0

    def _finish_oldest(self) -> None:
        oldest = self._writes.popleft()
        self.waiting_bytes -= len(oldest.commands)
        self._on_answered(oldest.commands, oldest.command_count)


class WriteBuffer:
    """Gathers commands, and writes them to a socket that doesn't block.

    Args:
        loop: the hub's event loop.
        in_flight: told of commands before they leave.
        on_failure: told why writing failed; the socket is of no use any more.

    Attributes:
        commands: what has yet to leave; add by appending.
        is_due: whether they are looked at by the end of this tick; who adds when they are not
            calls :meth:`flush_soon`.
    """

    def __init__(
        self,
        loop: Any,
        in_flight: InFlight,
        on_failure: Callable[[str], None],
    ) -> None:
        self.commands: list[bytes] = []
        self.is_due = False
        self._loop = loop
        self._in_flight = in_flight
        self._on_failure = on_failure
        self._socket: socket.socket | None = None
        self._writable: Any = None
        self._moment: Any = None
        # What has left as far as others are concerned, and waits for room in the socket.
        self._pending: list[bytes] = []

    def open(self, to: socket.socket) -> None:
        """Write to this socket from now on."""
        self._socket = to
        self._writable = self._loop.io(to.fileno(), 2)

    def close(self) -> None:
        """Write no more, and drop what has not left."""
        self._socket = None
        self.commands.clear()
        self._pending.clear()
        if self._writable is not None:
            self._writable.close()
            self._writable = None
        self._end_moment()

    def flush_soon(self) -> None:
        """Have the commands leave, or wait, at the end of this tick."""
        self.is_due = True
        self._loop.run_callback(self._flush_or_wait)

    def note_answers(self) -> None:
        """Let go of what has waited, if there is nothing to wait for any more."""
        if self._moment is not None and self._in_flight.is_all_answered():
            self._end_moment()
            if self.commands and not self.is_due:
                self.flush_soon()

    def _flush_or_wait(self) -> None:
        self.is_due = False
        if not self.commands or self._socket is None:
            return
        if len(self.commands) >= _COMPANY or self._in_flight.is_all_answered():
            self._flush()
        elif self._moment is None:
            self._begin_moment()

    def _begin_moment(self) -> None:
        self._moment = self._loop.timer(_MOMENT_SECONDS)
        # Through a callback, because libev runs timers before what was received in the same tick.
        self._moment.start(self._loop.run_callback, self._end_wait)

    def _end_moment(self) -> None:
        if self._moment is not None:
            self._moment.close()
            self._moment = None

    def _end_wait(self) -> None:
        if self._moment is not None:
            self._end_moment()
            if self.commands:
                self._flush()

    def _flush(self) -> None:
        commands = b"".join(self.commands)
        count = len(self.commands)
        self.commands.clear()
        self._in_flight.note(commands, count)
        self._pending.append(commands)
        # What a full socket keeps waiting leaves when it has room.
        if not self._writable.active:
            self._write()

    def _write(self) -> None:
        assert self._socket is not None  # noqa: S101 - for the type checker
        pending = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        try:
            sent = self._socket.send(pending)
        except WOULD_BLOCK:
            sent = 0
        except OSError as error:
            self._on_failure(f"sending failed: {error}")
            return
        if sent < len(pending):
            self._pending.append(pending[sent:])
            if not self._writable.active:
                self._writable.start(self._write)
        else:
            self._writable.stop()
