import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]


def speaker() -> Say:
    """Return what writes a line to stderr, with the seconds since this call."""
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:5.0f} s  {text}", file=sys.stderr, flush=True)

    return say
