"""Files that one process at a time holds."""

import fcntl


def try_lock(descriptor: int) -> bool:
    """Lock an open file, and tell whether it worked; it is held until all its copies are closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
