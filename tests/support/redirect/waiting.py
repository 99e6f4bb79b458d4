"""Waiting in a gevent process until something is so."""

import time
from collections.abc import Callable

import gevent


def wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait until a condition is true, letting other greenlets run; fail when it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        gevent.sleep(0.005)
