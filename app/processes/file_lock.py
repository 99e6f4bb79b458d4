"""Files that one process at a time holds."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def try_lock(descriptor: int) -> bool:
    """Lock an open file, and tell whether it worked; it is held until all its copies are closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path, *, waits: bool = True) -> Iterator[bool]:
    """Hold a lock inside the ``with`` block; yields whether it is held, which it may wait for.

    The kernel releases it when the process ends. The file is made if there is none.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if waits:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield waits or try_lock(descriptor)
    finally:
        os.close(descriptor)
