"""Copy of a file that nobody else can write to, cut short or take away."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_STEP_BYTES = 1 << 20


class FileChanged(OSError):
    """The file was written to while it was copied."""


@contextmanager
def private_copy(path: Path, folder: Path) -> Iterator[str]:
    """Give the path of a copy, which is gone as soon as nobody has it open.

    What is mapped into memory must not be cut short: whoever reads behind its end is killed by
    SIGBUS. A copy that has no name is safe from whoever downloads over the file.

    Args:
        folder: on whose disk it is; where that takes nothing, it is in memory.

    Raises:
        OSError: the file can't be read, or :class:`FileChanged`.
    """
    with path.open("rb") as source:
        before = _state(source)
        with _nameless(source, folder) as copy:
            if _state(source) != before:
                raise FileChanged(f"{path} was written to meanwhile")
            yield f"/proc/self/fd/{copy.fileno()}"


def _state(file: IO[bytes]) -> tuple[int, int]:
    held = os.fstat(file.fileno())
    return held.st_size, held.st_mtime_ns


def _nameless(source: IO[bytes], folder: Path) -> IO[bytes]:
    try:
        return _filled(tempfile.TemporaryFile(dir=folder), source)
    except OSError:  # no such folder, no right to write there, no room
        source.seek(0)
        return _filled(os.fdopen(os.memfd_create("hopline-mmdb"), "w+b"), source)


def _filled(copy: IO[bytes], source: IO[bytes]) -> IO[bytes]:
    try:
        shutil.copyfileobj(source, copy, _STEP_BYTES)
        copy.flush()
    except OSError:
        copy.close()
        raise
    return copy
