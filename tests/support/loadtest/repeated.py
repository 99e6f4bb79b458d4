"""Load test that is run again while its own generator says that the machine was too busy."""

from collections.abc import Callable
from typing import Any

#: Runs that a busy machine may spoil before a test gives up.
_ATTEMPTS = 4

Concluded = tuple[int, dict[str, Any]]


def concluded(run: Callable[[], Concluded]) -> Concluded:
    """Run, again while it is void for the generator; return exit code and figures of the last."""
    for _ in range(_ATTEMPTS):
        code, figures = run()
        if not any("the load generator" in doubt for doubt in figures["doubts"]):
            break
    return code, figures
