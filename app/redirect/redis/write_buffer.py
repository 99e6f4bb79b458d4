"""Write buffer that has commands leave together: those of one tick of the event loop in one write.

Rule 1: a command that finds none unanswered leaves at the end of its tick.
Rule 2: while a write is unanswered, what is added waits for its answer, for company or for a
        moment, whichever is first, as with Nagle's algorithm (RFC 896). Under load this halves the
        writes, and with them the system calls and switches between processes on both sides.
"""

from collections.abc import Callable
from typing import Any

from gevent import socket, ssl

WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

#: So many commands are worth a write of their own.
_COMPANY = 32
#: Longer than a Redis that is near takes; one that is far isn't waited for.
_MOMENT_SECONDS = 0.001


class WriteBuffer:
    """Gathers commands, and writes them to a socket that doesn't block.

    Args:
        loop: the hub's event loop.
        is_answered: tells whether all that was written has been answered.
        on_flush: called when commands leave, before they do, with their bytes and how many
            they are.
        on_failure: told why writing failed; the socket is of no use any more.

    Attributes:
        commands: what has yet to leave; add by appending.
        is_due: whether they are looked at by the end of this tick; who adds when they are not
            calls :meth:`flush_soon`.
    """

    def __init__(
        self,
        loop: Any,
        is_answered: Callable[[], bool],
        on_flush: Callable[[bytes, int], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self.commands: list[bytes] = []
        self.is_due = False
        self._loop = loop
        self._is_answered = is_answered
        self._on_flush = on_flush
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
        if self._moment is not None and self._is_answered():
            self._end_moment()
            if self.commands and not self.is_due:
                self.flush_soon()

    def _flush_or_wait(self) -> None:
        self.is_due = False
        if not self.commands or self._socket is None:
            return
        if len(self.commands) >= _COMPANY or self._is_answered():
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
        self._on_flush(commands, count)
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
