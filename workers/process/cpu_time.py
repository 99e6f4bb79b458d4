"""Timer that counts the CPU seconds of each step."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time

from prometheus_client import Counter


@contextmanager
def cpu_time(counter: Counter) -> Iterator[None]:
    """Add the CPU seconds that this thread spends inside to a counter."""
    started = thread_time()
    try:
        yield
    finally:
        counter.inc(thread_time() - started)
