"""Log lines to stderr that never wait: a reader who has stopped reading holds nobody up.

A pipe holds 64 KiB. Once it is full, a write waits until somebody reads, and with it the event loop
and all visitors of the process. So lines that can't be written at once are dropped and counted, and
the next line that can be says how many they were.
"""

import logging
import os
import socket
import stat
from collections.abc import Callable
from functools import partial
from typing import TextIO

Write = Callable[[bytes], int]


class UnblockedHandler(logging.Handler):
    """Writes each line at once or not at all.

    Args:
        descriptor: where to; other processes may write there as well, and wait if they like.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._write, self._close = _writer(descriptor)
        self._rest = b""
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line, after what was left of the one before."""
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
        except Exception:  # noqa: BLE001 - as every handler does; it writes to stderr, not to us
            self.handleError(record)
            return
        if self._dropped:
            line = b"%d log lines were dropped, since nobody read them\n" % self._dropped + line
        # What is left of a line that was begun leaves before another begins.
        written = self._write_some(self._rest + line)
        if written > len(self._rest):
            self._rest = line[written - len(self._rest) :]
            self._dropped = 0
        else:
            self._rest = self._rest[written:]
            self._dropped += 1

    def close(self) -> None:
        """Write no more; the descriptor itself stays open."""
        self._write = len
        self._close()
        self._close = _nothing
        super().close()

    def _write_some(self, data: bytes) -> int:
        try:
            return self._write(data)
        except OSError:
            # Full, or closed for ever: neither is a reason to stop answering visitors.
            return 0


def _writer(descriptor: int) -> tuple[Write, Callable[[], None]]:
    """Return how to write there, and then to end that, without waiting.

    Nothing changes for other processes that write there.
    O_NONBLOCK belongs to the open file, which processes share; opening it anew makes another one.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):
        stream = socket.socket(fileno=os.dup(descriptor))
        return (lambda data: stream.send(data, socket.MSG_DONTWAIT)), stream.close
    if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        return partial(os.write, descriptor), _nothing
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC
    try:
        opened = os.open(f"/proc/self/fd/{descriptor}", flags)
    except OSError:
        # Another user's: it is written to as it is.
        return partial(os.write, descriptor), _nothing
    return partial(os.write, opened), partial(os.close, opened)


def _nothing() -> None:
    """End nothing: the descriptor is not ours."""


def stderr_handler(stderr: TextIO | None) -> logging.Handler:
    """Return what writes lines to stderr; where that is no file, as in tests, as usual."""
    try:
        descriptor = stderr.fileno() if stderr is not None else -1
    except (OSError, ValueError):
        return logging.StreamHandler(stderr)
    return UnblockedHandler(descriptor) if descriptor >= 0 else logging.NullHandler()
