"""Waiting in a gevent process until something is so."""

import time
from collections.abc import Callable

import gevent

_LONGEST_PAUSE_SECONDS = 0.5


def wait_until(
    condition: Callable[[], object], seconds: float = 120, pause_seconds: float = 0.005
) -> None:
    """Wait until a condition is true, letting other greenlets run; fail when it takes longer.

    Args:
        pause_seconds: between two looks; longer where a look itself is costly.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        assert now < deadline, "it never came true"
        # As in worker_processes: a costly look keeps from the processors what is waited for.
        gevent.sleep(max(pause_seconds, min(3 * (now - began), _LONGEST_PAUSE_SECONDS)))
