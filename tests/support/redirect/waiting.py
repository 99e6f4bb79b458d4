"""Waiting in a gevent process until something is so."""

import time
from collections.abc import Callable

import gevent


def wait_until(
    condition: Callable[[], object], seconds: float = 60, pause_seconds: float = 0.005
) -> None:
    """Wait until a condition is true, letting other greenlets run; fail when it takes longer.

    Args:
        pause_seconds: between two looks; longer where a look itself is costly.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        gevent.sleep(pause_seconds)
