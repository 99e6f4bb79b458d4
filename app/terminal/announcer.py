"""Announcer that writes lines to stdout from a thread of its own.

A terminal that was stopped (Ctrl-S), or a pipe that nobody reads, holds up whoever writes there,
and this must not be who watches over others: the lines wait for the reader, and nothing else does.
"""

import os
import sys
from queue import SimpleQueue
from threading import Thread
from typing import TextIO

from app.terminal.output import let_go

#: For the last lines, at the end.
_LAST_SECONDS = 1.0


class Announcer:
    """A context in which lines are written in order, and nobody waits for that."""

    def __init__(self) -> None:
        # None where it was closed before we began (`>&-`).
        self._output: TextIO | None = sys.stdout
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        # It holds nothing that the interpreter needs for its own end.
        self._thread = Thread(target=self._write_all, daemon=True)

    def __enter__(self) -> "Announcer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.put(None)
        self._thread.join(_LAST_SECONDS)

    def say(self, line: str) -> None:
        """Have a line written; returns at once. Where nobody takes it any more, all goes on."""
        self._lines.put(line)

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._output is None:
                continue
            try:
                _write(self._output, line)
            except OSError:
                let_go(self._output)


def _write(output: TextIO, line: str) -> None:
    try:
        data = f"{line}\n".encode(output.encoding)
    except UnicodeError:
        data = f"{line!a}\n".encode()
    # Past Python's buffer, whose lock would hold up the interpreter's end.
    while data:
        data = data[os.write(output.fileno(), data) :]
