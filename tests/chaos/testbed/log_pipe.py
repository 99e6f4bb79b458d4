"""Pipe for the log of a service whose reader can stop, as a stuck log collector does."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Self

_PIPE_BYTES = 4096
_SPIN_SECONDS = 0.2


class LogPipe:
    """Copies what is written into a pipe to a file, as a context manager.

    Attributes:
        path: of the pipe, to be opened and written to like a file.
    """

    def __init__(self, log: Path) -> None:
        self.path = log.with_suffix(".pipe")
        os.mkfifo(self.path)
        # Read and write, so that it never ends, whoever writes comes and goes.
        self._pipe = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._log = log
        self._reads = threading.Event()
        self._reads.set()
        self._is_over = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._copy, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._reads.set()
        self._write_nothing(1)

    def block(self) -> None:
        """Stop reading, with the pipe full."""
        self._reads.clear()
        for size in (1024, 1):
            while self._write_nothing(size):
                continue

    def flow(self) -> None:
        """Read on."""
        self._reads.set()

    def _copy(self) -> None:
        with self._log.open("ab", buffering=0) as log:
            while not self._is_over:
                piece = os.read(self._pipe, 65536)
                log.write(piece.replace(b"\0", b""))
                while not self._reads.wait(_SPIN_SECONDS):
                    continue

    def _write_nothing(self, size: int) -> bool:
        """Write what no log says; tell whether there was room."""
        pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.write(pipe, bytes(size)) > 0
        except BlockingIOError:
            return False
        finally:
            os.close(pipe)
